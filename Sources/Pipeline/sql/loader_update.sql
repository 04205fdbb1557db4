-- Updates rows of the table that records are about, if anything of them differs. By record, in the order of the unique
-- index: $1 names, $2 ages, $3 e-mails, $4 phone numbers of the key (NULL where the key does not have them), $5 e-mails,
-- $6 phone numbers, $7 addresses and $8 additional_info as JSON, $9 jobs, $10 what is to be cleared (1 e-mail, 2 phone
-- number, 4 address), $11 keys of additional_info to be cleared. The variable "same" compares what joins the key beside
-- name and age. Answers numbers of records, from 1: of equal rows, of rows that were locked, those of the latter that
-- differ, and those that were changed. A number in none of the first two: the table does not have the key (any more).
--
-- The first look takes no lock: whoever changes an equal row meanwhile comes later than the record. Rows that differ are
-- locked in the order of the keys and compared once more, as they are then. OFFSET 0 as in loader_find_duplicates.sql.
-- JSON comes as text: array_recv would keep what it needs to parse thousands of values until all are parsed.
--   psql -v users=public.users -v same='AND u.email IS NOT DISTINCT FROM k.email'
WITH given AS (
    SELECT unnest($1::text[]) AS name, unnest($2::integer[]) AS age, unnest($3::text[]) AS email,
        unnest($4::text[]) AS phone_number, unnest($5::text[]) AS new_email, unnest($6::text[]) AS new_phone_number,
        unnest($7::text[]) AS new_address, unnest($8::text[]) AS new_info, unnest($9::uuid[]) AS job,
        unnest($10::integer[]) AS cleared, unnest($11::text[]) AS cleared_keys,
        generate_series(1, cardinality($1)) AS number
), found AS MATERIALIZED (
    SELECT k.number, d.differs, w.name, w.age, w.email, w.phone_number, w.new_email, w.new_phone_number, w.new_address,
        w.new_info, w.job, w.cleared, w.cleared_keys
    FROM given AS k
    CROSS JOIN LATERAL (
        SELECT u.email, u.phone_number, u.address, u.additional_info, k.new_address::jsonb AS new_address,
            k.new_info::jsonb AS new_info
        FROM :users AS u
        WHERE u.age = k.age AND u.name = k.name :same OFFSET 0) AS u
    CROSS JOIN LATERAL (
        SELECT u.email IS DISTINCT FROM CASE WHEN k.cleared & 1 = 0 THEN coalesce(k.new_email, u.email) END
            OR u.phone_number IS DISTINCT FROM
                CASE WHEN k.cleared & 2 = 0 THEN coalesce(k.new_phone_number, u.phone_number) END
            OR u.address IS DISTINCT FROM CASE WHEN k.cleared & 4 = 0 THEN coalesce(u.new_address, u.address) END
            -- What is equal as it stands need not be merged to see it.
            OR CASE WHEN k.cleared_keys IS NULL AND (u.new_info IS NULL OR u.new_info = u.additional_info) THEN false
                    ELSE u.additional_info IS DISTINCT FROM
                        userload.merged(u.additional_info, u.new_info, k.cleared_keys) END AS differs OFFSET 0) AS d
    -- Of equal rows nothing but the number has to be kept.
    LEFT JOIN LATERAL (
        SELECT k.name, k.age, k.email, k.phone_number, k.new_email, k.new_phone_number, u.new_address, u.new_info, k.job,
            k.cleared, k.cleared_keys) AS w ON d.differs
), locked AS MATERIALIZED (
    SELECT k.number, k.name, k.age, k.email, k.phone_number, k.job, u.email AS old_email,
        u.phone_number AS old_phone_number, u.address AS old_address, u.additional_info AS old_info,
        CASE WHEN k.cleared & 1 = 0 THEN coalesce(k.new_email, u.email) END AS new_email,
        CASE WHEN k.cleared & 2 = 0 THEN coalesce(k.new_phone_number, u.phone_number) END AS new_phone_number,
        CASE WHEN k.cleared & 4 = 0 THEN coalesce(k.new_address, u.address) END AS new_address,
        userload.merged(u.additional_info, k.new_info, k.cleared_keys) AS new_info
    FROM (SELECT * FROM found WHERE differs ORDER BY number) AS k
    CROSS JOIN LATERAL (
        SELECT u.email, u.phone_number, u.address, u.additional_info FROM :users AS u
        WHERE u.age = k.age AND u.name = k.name :same FOR NO KEY UPDATE) AS u
), wanted AS MATERIALIZED (
    SELECT * FROM locked
    WHERE (old_email, old_phone_number, old_address, old_info)
        IS DISTINCT FROM (new_email, new_phone_number, new_address, new_info)
), changed AS (
    UPDATE :users AS u
    SET email = k.new_email, phone_number = k.new_phone_number, address = k.new_address,
        additional_info = userload.bounded(k.new_info), updated_by = k.job
    FROM wanted AS k
    WHERE u.age = k.age AND u.name = k.name :same
    RETURNING k.number
)
SELECT (SELECT array_agg(number) FROM found WHERE NOT differs), (SELECT array_agg(number) FROM locked),
    (SELECT array_agg(number) FROM wanted), (SELECT array_agg(number) FROM changed)
