-- Stops counting people by age as rows come and go: no trigger is left, and the view counts when it is read, in the index of the
-- unique key if the table is vacuumed. It is the first to be locked, as by those who read it.
--
--   psql --single-transaction -v ON_ERROR_STOP=1 -v users=public.users -f age_counts_off.sql
CREATE OR REPLACE VIEW userload.age_counts AS
SELECT age, count(*) AS count FROM :users GROUP BY age ORDER BY age;
COMMENT ON VIEW userload.age_counts IS 'people by age, counted when it is read';
LOCK TABLE :users IN ACCESS EXCLUSIVE MODE;
-- Wherever they are, on partitions that were detached as well.
DO $$
DECLARE
    ours record;
BEGIN
    FOR ours IN
        SELECT tgname, tgrelid::regclass AS relation FROM pg_trigger
        WHERE NOT tgisinternal AND tgfoid IN (
            'userload.note_users_change'::regproc, 'userload.note_users_truncate'::regproc,
            'userload.note_partition_truncate'::regproc, 'userload.note_positions_delete'::regproc)
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', ours.tgname, ours.relation);
    END LOOP;
END
$$;
UPDATE userload.settings SET age_counts = false, revision = revision + 1;
