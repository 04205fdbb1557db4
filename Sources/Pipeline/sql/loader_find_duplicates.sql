-- The numbers, from 1, of those keys that the table has. $1 names, $2 ages, $3 e-mails, $4 phone numbers (NULL where the
-- key does not have them). The variable "same" compares what joins the key beside name and age.
--
-- OFFSET 0 keeps it a look-up in the index for each key, whatever the planner thinks: keys come in the index's order, and
-- the cost must not grow with the table. A hash join reads the whole table for every batch.
--   psql -v users=public.users -v same='AND u.email IS NOT DISTINCT FROM k.email'
SELECT array_agg(k.number)
FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[])
    WITH ORDINALITY AS k(name, age, email, phone_number, number)
WHERE EXISTS (SELECT FROM :users AS u WHERE u.age = k.age AND u.name = k.name :same OFFSET 0)
