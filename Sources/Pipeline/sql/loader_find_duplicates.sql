-- The numbers, from 1, of those keys that the table has. $1 names, $2 ages, $3 e-mails, $4 phone numbers (NULL where the
-- key does not have them). The variable "same" compares what joins the key beside name and age.
--
-- OFFSET 0 keeps it a look-up in the index for each key, whatever the planner thinks: keys come in the index's order, and
-- the cost must not grow with the table. A hash join reads the whole table for every batch.
-- unnest stands in the SELECT list, where it streams; in FROM it is stored first, a tenth of the time of the whole.
--   psql -v users=public.users -v same='AND u.email IS NOT DISTINCT FROM k.email'
SELECT array_agg(k.number)
FROM (
    SELECT unnest($1::text[]) AS name, unnest($2::integer[]) AS age, unnest($3::text[]) AS email,
        unnest($4::text[]) AS phone_number, generate_series(1, cardinality($1)) AS number) AS k
WHERE EXISTS (SELECT FROM :users AS u WHERE u.age = k.age AND u.name = k.name :same OFFSET 0)
