-- Opens a transaction of a batch, of jobs' rows or of a migration: no limits of time (a swap may wait for another worker),
-- deferred checks in the statement that causes them. It takes no lock yet, so that its answer always comes.
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
-- Before Postgres 17 there is none.
SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout';
-- Compiling the search for duplicates would take longer than the search.
SET LOCAL jit = off;
SET CONSTRAINTS ALL IMMEDIATE;
-- The server's own process, which a pooler may hide, and the transaction, by which its fate can be asked for later.
SELECT pg_backend_pid(), pg_current_xact_id()
