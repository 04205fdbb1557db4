-- Whether people are counted by age as rows come and go; see age_counts_off.sql and age_counts_on.sql.
--
--   psql --single-transaction -v ON_ERROR_STOP=1 -f 0010_age_counts_option.sql

ALTER TABLE userload.settings ADD COLUMN age_counts boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN userload.settings.age_counts IS 'whether people are counted by age as rows come and go; changed by userload migrate only';

-- As in 0009, but none while nobody counts.
CREATE OR REPLACE FUNCTION userload.unwatched_partitions() RETURNS TABLE (partition regclass, is_leaf boolean)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT t.relid, t.isleaf
    FROM userload.settings AS s
    JOIN pg_namespace AS n ON n.nspname = s.users_schema
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.users_table
    CROSS JOIN LATERAL pg_partition_tree(c.oid) AS t
    JOIN pg_class AS p ON p.oid = t.relid
    WHERE s.age_counts AND t.level > 0 AND p.relkind IN ('r', 'p') AND NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = t.relid AND tgname = 'userload_deleted');
END;

UPDATE userload.settings SET schema_version = 10, revision = revision + 1;
