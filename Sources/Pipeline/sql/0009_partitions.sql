-- The counts by age where the table of people is partitioned: a statement that names a partition runs its triggers only.
--
--   psql --single-transaction -v ON_ERROR_STOP=1 -f 0009_partitions.sql

-- TRUNCATE of the whole table runs this for each of its partitions, too: what is left for the table's own trigger is nothing.
CREATE FUNCTION userload.note_partition_truncate() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'TRUNCATE of % needs a transaction of isolation level read committed', TG_RELID::regclass
            USING ERRCODE = 'feature_not_supported',
                HINT = 'userload counts its rows by age, and could not see all of them here.';
    END IF;
    EXECUTE format(
        'INSERT INTO userload.age_adjustments (age, delta) '
            'SELECT age, -count(*) FROM %s WHERE job IS NOT NULL GROUP BY age', TG_RELID::regclass);
    RETURN NULL;
END
$$;

-- A foreign table cannot have such triggers.
CREATE FUNCTION userload.unwatched_partitions() RETURNS TABLE (partition regclass, is_leaf boolean)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT t.relid, t.isleaf
    FROM userload.settings AS s
    JOIN pg_namespace AS n ON n.nspname = s.users_schema
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.users_table
    CROSS JOIN LATERAL pg_partition_tree(c.oid) AS t
    JOIN pg_class AS p ON p.oid = t.relid
    WHERE t.level > 0 AND p.relkind IN ('r', 'p') AND NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = t.relid AND tgname = 'userload_deleted');
END;
COMMENT ON FUNCTION userload.unwatched_partitions IS 'partitions of the table of people that have no triggers for the counts by age: userload migrate gives them some';

CREATE FUNCTION userload.watch_partitions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    unwatched record;
BEGIN
    FOR unwatched IN SELECT * FROM userload.unwatched_partitions() LOOP
        EXECUTE format(
            'CREATE TRIGGER userload_deleted AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                'FOR EACH STATEMENT EXECUTE FUNCTION userload.note_users_change()', unwatched.partition);
        EXECUTE format(
            'CREATE TRIGGER userload_updated AFTER UPDATE ON %s '
                'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                'FOR EACH STATEMENT EXECUTE FUNCTION userload.note_users_change()', unwatched.partition);
        IF unwatched.is_leaf THEN
            EXECUTE format(
                'CREATE TRIGGER userload_truncated BEFORE TRUNCATE ON %s '
                    'FOR EACH STATEMENT EXECUTE FUNCTION userload.note_partition_truncate()', unwatched.partition);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION userload.watch_partitions IS 'gives partitions their triggers for the counts by age';

SELECT userload.watch_partitions();

UPDATE userload.settings SET schema_version = 9, revision = revision + 1;
