-- Keeps migrations away until the end of the transaction; then the revision, as it is from here on.
--   psql -v lock=8463219666879209828 -f schema_lock_shared.sql
SELECT pg_advisory_xact_lock_shared(:lock);
SELECT revision FROM userload.settings
