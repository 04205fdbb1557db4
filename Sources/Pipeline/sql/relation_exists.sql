-- $1 schema, $2 name. From the catalog itself: to_regclass may answer from a cache that is older than a lock just taken.
SELECT EXISTS (
    SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2)
