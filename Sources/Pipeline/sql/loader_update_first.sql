-- Updates rows of the table that records are about, where most of them differ: one look-up a row in place of three. As
-- loader_update.sql, with the same parameters; answers the numbers, from 1, of the records that changed a row. The others
-- are equal, the table does not have them, or a trigger swallowed them: loader_update.sql tells.
--
-- The rows are locked in the order of the keys. Where somebody else changed one meanwhile, Postgres evaluates all of this
-- once more for the row as it is then (EvalPlanQual).
--   psql -v users=public.users -v same='AND u.email IS NOT DISTINCT FROM k.email'
WITH changed AS (
    UPDATE :users AS u
    SET email = CASE WHEN k.cleared & 1 = 0 THEN coalesce(k.new_email, u.email) END,
        phone_number = CASE WHEN k.cleared & 2 = 0 THEN coalesce(k.new_phone_number, u.phone_number) END,
        address = CASE WHEN k.cleared & 4 = 0 THEN coalesce(k.new_address, u.address) END,
        additional_info = (
            SELECT userload.bounded(m.info)
            FROM (SELECT userload.merged(u.additional_info, k.new_info, k.cleared_keys) AS info OFFSET 0) AS m),
        updated_by = k.job
    FROM (
        SELECT name, age, email, phone_number, new_email, new_phone_number, address_text::jsonb AS new_address,
            info_text::jsonb AS new_info, job, cleared, cleared_keys, number
        FROM (
            SELECT unnest($1::text[]) AS name, unnest($2::integer[]) AS age, unnest($3::text[]) AS email,
                unnest($4::text[]) AS phone_number, unnest($5::text[]) AS new_email,
                unnest($6::text[]) AS new_phone_number, unnest($7::text[]) AS address_text,
                unnest($8::text[]) AS info_text, unnest($9::uuid[]) AS job, unnest($10::integer[]) AS cleared,
                unnest($11::text[]) AS cleared_keys, generate_series(1, cardinality($1)) AS number) AS given
        OFFSET 0) AS k
    WHERE u.age = k.age AND u.name = k.name :same
        AND (u.email IS DISTINCT FROM CASE WHEN k.cleared & 1 = 0 THEN coalesce(k.new_email, u.email) END
            OR u.phone_number IS DISTINCT FROM
                CASE WHEN k.cleared & 2 = 0 THEN coalesce(k.new_phone_number, u.phone_number) END
            OR u.address IS DISTINCT FROM CASE WHEN k.cleared & 4 = 0 THEN coalesce(k.new_address, u.address) END
            OR CASE WHEN k.cleared_keys IS NULL AND (k.new_info IS NULL OR k.new_info = u.additional_info) THEN false
                    ELSE u.additional_info IS DISTINCT FROM
                        userload.merged(u.additional_info, k.new_info, k.cleared_keys) END)
    RETURNING k.number
)
SELECT array_agg(number) FROM changed
