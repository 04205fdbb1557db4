-- $1 job, $2 name, $3 and $4 the first and last age, $5 how many; NULL: no such condition. By age and name.
--
-- The JSON gives the same row when it is pushed again: the name object comes back if it was kept and still spells the
-- name; fields of the table's own columns are not taken from additional_info, where only others can have put them.
SELECT u.name, u.age, u.email, u.phone_number, left(j.id_text, 8),
    '{"name": '
        || (CASE WHEN spelled.name = u.name THEN u.additional_info -> 'name' ELSE to_jsonb(u.name) END)::text
        || ', "age": ' || u.age
        || coalesce(', "email": ' || to_jsonb(u.email)::text, '')
        || coalesce(', "phoneNumber": ' || to_jsonb(u.phone_number)::text, '')
        || coalesce(', "address": ' || u.address::text, '')
        || coalesce(', ' || nullif(substr(rest.fields::text, 2), '}'), '}')
FROM :users AS u
LEFT JOIN userload.jobs AS j ON j.id = u.job
CROSS JOIN LATERAL (
    SELECT CASE WHEN jsonb_typeof(u.additional_info #> '{name,firstName}') = 'string'
        AND jsonb_typeof(u.additional_info #> '{name,lastName}') = 'string'
        THEN btrim(u.additional_info #>> '{name,firstName}', E'\t\n\x0b\f\r ') || ' '
            || btrim(u.additional_info #>> '{name,lastName}', E'\t\n\x0b\f\r ') END AS name
) AS spelled
CROSS JOIN LATERAL (
    SELECT CASE WHEN jsonb_typeof(u.additional_info) = 'object'
        THEN u.additional_info - '{name,age,email,phoneNumber,address}'::text[] END AS fields
) AS rest
WHERE ($1::uuid IS NULL OR u.job = $1)
    -- An index on (age, name) finds a name only together with the ages.
    AND ($2::text IS NULL
        OR u.name = $2 AND (u.age = ANY (ARRAY(SELECT generate_series(0, 150))) OR u.age < 0 OR u.age > 150))
    AND ($3::integer IS NULL OR u.age >= $3)
    AND ($4::integer IS NULL OR u.age <= $4)
ORDER BY u.age, u.name
LIMIT $5
