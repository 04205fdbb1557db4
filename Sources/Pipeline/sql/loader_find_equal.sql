-- Of records that update: numbers, from 1, of those whose rows they would not change, and of those whose rows they may.
-- A number in neither: the table does not have the key. $1 names, $2 ages, $3 e-mails, $4 phone numbers of the key (NULL
-- where the key does not have them), $5 e-mails, $6 phone numbers, $7 addresses and $8 additional_info as jsonb is printed;
-- NULL is not given. The variable "same" compares what joins the key beside name and age.
--
-- To print jsonb costs half of parsing it. A large one is not printed here: loader_update.sql looks at it.
-- OFFSET 0 and unnest as in loader_find_duplicates.sql.
--   psql -v users=public.users -v same='AND u.email IS NOT DISTINCT FROM k.email'
SELECT array_agg(number) FILTER (WHERE is_equal), array_agg(number) FILTER (WHERE is_equal IS NOT TRUE)
FROM (
    SELECT k.number, (k.new_email IS NULL OR u.email = k.new_email)
        AND (k.new_phone_number IS NULL OR u.phone_number = k.new_phone_number)
        AND CASE WHEN k.new_address IS NULL THEN true
                 WHEN pg_column_size(u.address) <= 2000 THEN u.address::text = k.new_address END
        AND CASE WHEN k.new_info IS NULL THEN true
                 WHEN pg_column_size(u.additional_info) <= 2000 THEN u.additional_info::text = k.new_info END AS is_equal
    FROM (
        SELECT unnest($1::text[]) AS name, unnest($2::integer[]) AS age, unnest($3::text[]) AS email,
            unnest($4::text[]) AS phone_number, unnest($5::text[]) AS new_email, unnest($6::text[]) AS new_phone_number,
            unnest($7::text[]) AS new_address, unnest($8::text[]) AS new_info,
            generate_series(1, cardinality($1)) AS number) AS k
    CROSS JOIN LATERAL (
        SELECT u.email, u.phone_number, u.address, u.additional_info FROM :users AS u
        WHERE u.age = k.age AND u.name = k.name :same OFFSET 0) AS u
    OFFSET 0) AS looked
