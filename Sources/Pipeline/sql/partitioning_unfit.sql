-- By what a table or one of its partitions is partitioned that is not among the columns of a key: Postgres then cannot keep
-- the key unique. $1 schema, $2 table, $3 columns
SELECT pg_get_partkeydef(p.partrelid)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL pg_partition_tree(c.oid) AS t
JOIN pg_partitioned_table AS p ON p.partrelid = t.relid
WHERE n.nspname = $1 AND c.relname = $2
    -- An expression stands as 0 there.
    AND NOT p.partattrs::smallint[] <@ ARRAY(
        SELECT attnum FROM pg_attribute WHERE attrelid = p.partrelid AND attname = ANY ($3::text[]))
ORDER BY t.level LIMIT 1
