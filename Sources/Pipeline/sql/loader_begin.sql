-- A batch's transaction, before anything else: no limits of time (a swap may wait for another worker), deferred checks in
-- the statement that causes them, no migration meanwhile.
--   psql -v lock=8463219666879209828 -f loader_begin.sql
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
-- Before Postgres 17 there is none.
SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout';
-- Compiling the search for duplicates would take longer than the search.
SET LOCAL jit = off;
SET CONSTRAINTS ALL IMMEDIATE;
SELECT pg_advisory_xact_lock_shared(:lock);
-- The server's own process, which a pooler may hide.
SELECT pg_backend_pid()
