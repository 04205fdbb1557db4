-- $1 schema, $2 name. The first column of the table of people that has become another type: the binary format of COPY
-- needs the type it is written for. Text may be any kind of text.
SELECT a.attname, format_type(a.atttypid, a.atttypmod), wanted.type
FROM (VALUES ('age', 'integer', 'int4recv'), ('address', 'jsonb', 'jsonb_recv'),
        ('additional_info', 'jsonb', 'jsonb_recv'), ('job', 'uuid', 'uuid_recv')) AS wanted(name, type, receives)
JOIN pg_class AS c ON c.relname = $2
JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = $1
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = wanted.name
JOIN pg_type AS t ON t.oid = a.atttypid
JOIN pg_type AS base ON base.oid = CASE WHEN t.typbasetype = 0 THEN t.oid ELSE t.typbasetype END
WHERE base.typreceive::text <> wanted.receives
ORDER BY a.attnum
