-- Columns of the table that 0001_tables.sql made which one that somebody brought lacks, or has in another type or collation.
--   psql -v users=public.users -v next=public.userload_next -f users_fit.sql
SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || coalesce(' COLLATE "' || c.collname || '"', '')
FROM pg_attribute AS a LEFT JOIN pg_collation AS c ON c.oid = a.attcollation
WHERE a.attrelid = :'users'::regclass AND a.attnum > 0 AND a.attname <> 'id' AND NOT EXISTS (
    SELECT FROM pg_attribute AS b
    WHERE b.attrelid = :'next'::regclass AND NOT b.attisdropped AND b.attname = a.attname
        AND (b.atttypid, b.atttypmod, b.attcollation) = (a.atttypid, a.atttypmod, a.attcollation))
ORDER BY a.attnum
