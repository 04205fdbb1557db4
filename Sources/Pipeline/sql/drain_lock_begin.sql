-- Opens the transaction that holds a drain's lock: it may be idle for as long as the drain lasts, on a server's connection
-- that a pooler does not give to others meanwhile. Without a transaction id, it holds up no vacuum.
BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
-- Before Postgres 17 there is none.
SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout'
