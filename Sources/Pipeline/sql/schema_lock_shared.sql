-- Keeps migrations away until the end of the transaction.
--   psql -v lock=8463219666879209828 -f schema_lock_shared.sql
SELECT pg_advisory_xact_lock_shared(:lock)
