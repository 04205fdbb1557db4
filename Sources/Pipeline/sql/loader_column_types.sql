-- The first column of the table of people that has become another type than COPY's binary format is written for. Asked
-- once COPY has locked the table, so that nobody can change it any more. Text may be any kind of text; a domain counts
-- as what it is made from.
--   psql -v users=public.users -f loader_column_types.sql
WITH RECURSIVE columns AS (
    SELECT attnum, attname, format_type(atttypid, atttypmod) AS type, atttypid AS base
    FROM pg_attribute WHERE attrelid = :'users'::regclass AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT c.attnum, c.attname, c.type, t.typbasetype
    FROM columns AS c JOIN pg_type AS t ON t.oid = c.base WHERE t.typbasetype <> 0
)
SELECT c.attname, c.type, wanted.type
FROM columns AS c
JOIN pg_type AS t ON t.oid = c.base AND t.typbasetype = 0
JOIN (VALUES ('name', 'text'), ('email', 'text'), ('phone_number', 'text'), ('age', 'integer'), ('address', 'jsonb'),
        ('additional_info', 'jsonb'), ('job', 'uuid')) AS wanted(name, type) ON wanted.name = c.attname
WHERE CASE wanted.type WHEN 'text' THEN t.typcategory <> 'S' ELSE t.oid <> wanted.type::regtype END
ORDER BY c.attnum LIMIT 1
