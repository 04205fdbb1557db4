-- What userload would do in an empty database, for psql -v ON_ERROR_STOP=1 -f.
BEGIN;
SELECT pg_advisory_xact_lock(:lock);

:steps
COMMIT;

-- What a role needs that only works:
--   GRANT USAGE ON SCHEMA userload TO …;
--   GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA userload TO …;
--   GRANT SELECT, INSERT ON :users TO …;
-- and for jobs pushed with --on-duplicate update:
--   GRANT UPDATE ON :users TO …;
