-- Keeps batches and other migrations away until the end of the transaction.
--   psql -v lock=8463219666879209828 -f schema_lock.sql
SELECT pg_advisory_xact_lock(:lock)
