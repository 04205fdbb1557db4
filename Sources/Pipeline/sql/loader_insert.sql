-- The rows of a batch into a table whose triggers may change them on their way: slower than COPY, but it tells what the
-- table got. By age: how many rows, and how many of them have a job. $1 to $7 the columns.
--   psql -v users=public.users -f loader_insert.sql
WITH new AS (
    INSERT INTO :users (name, age, email, phone_number, address, additional_info, job)
    SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::uuid[])
    RETURNING age, job
)
SELECT age, count(*), count(job) FROM new GROUP BY age
