-- What a batch must know of the table of people: the first column that has become another type than COPY's binary format
-- is written for, whether triggers may change rows on their way in, and the unique index on the key. A row for the index
-- and for each of its partitions, the last column telling them apart; one row with NULL if there is none.
--
-- Text may be any kind of text; a domain counts as what it is made from. An index on the key is unique, valid, checked
-- at once, on exactly these columns as they are, in any order, and takes two NULLs for equal. Reading the table, if only
-- nothing of it, locks it: nobody can change columns or index until the end of the transaction.
--   psql -v users=public.users -v key='{age,name}' -f loader_table.sql
WITH RECURSIVE locked AS (
    SELECT count(*) FROM (SELECT FROM :users LIMIT 0) AS nothing
), columns AS (
    SELECT attnum, attname, format_type(atttypid, atttypmod) AS type, atttypid AS base
    FROM pg_attribute WHERE attrelid = :'users'::regclass AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT c.attnum, c.attname, c.type, t.typbasetype
    FROM columns AS c JOIN pg_type AS t ON t.oid = c.base WHERE t.typbasetype <> 0
), changed AS (
    SELECT c.attname, c.type, wanted.type AS wanted
    FROM columns AS c
    JOIN pg_type AS t ON t.oid = c.base AND t.typbasetype = 0
    JOIN (VALUES ('name', 'text'), ('email', 'text'), ('phone_number', 'text'), ('age', 'integer'),
            ('address', 'jsonb'), ('additional_info', 'jsonb'), ('job', 'uuid')) AS wanted(name, type)
        ON wanted.name = c.attname
    WHERE CASE wanted.type WHEN 'text' THEN t.typcategory <> 'S' ELSE t.oid <> wanted.type::regtype END
    ORDER BY c.attnum LIMIT 1
), relations AS (
    SELECT :'users'::regclass AS oid UNION SELECT relid FROM pg_partition_tree(:'users'::regclass)
), key AS (
    SELECT i.indexrelid AS oid FROM pg_index AS i
    WHERE i.indrelid = :'users'::regclass AND i.indisunique AND i.indisvalid AND i.indimmediate
        AND i.indpred IS NULL AND i.indexprs IS NULL
        AND (i.indnullsnotdistinct OR NOT '{email,phone_number}'::text[] && :'key'::text[])
        AND :'key'::text[] = ARRAY(
            SELECT a.attname::text
            FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
            JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            WHERE k.place <= i.indnkeyatts
            ORDER BY a.attname)
), indexes AS (
    SELECT oid FROM key UNION SELECT p.relid FROM key CROSS JOIN LATERAL pg_partition_tree(key.oid) AS p
)
SELECT changed.attname, changed.type, changed.wanted,
    -- Bits of tgtype: for each row, before, on INSERT.
    EXISTS (SELECT FROM pg_trigger AS t JOIN relations AS r ON r.oid = t.tgrelid
        WHERE t.tgtype & 7 = 7 AND NOT t.tgisinternal AND t.tgenabled <> 'D'),
    index.schema, index.name, index.is_whole
FROM locked
LEFT JOIN changed ON true
LEFT JOIN (
    SELECT n.nspname AS schema, c.relname AS name, i.oid IN (SELECT oid FROM key) AS is_whole
    FROM indexes AS i JOIN pg_class AS c USING (oid) JOIN pg_namespace AS n ON n.oid = c.relnamespace) AS index ON true
