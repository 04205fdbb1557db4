-- Three roles for userload, once, by a superuser, in the database that people are to be loaded into:
--   psql -d crm -v ON_ERROR_STOP=1 -f samples/roles.sql
-- Then, as the migrator, now and after each upgrade of userload:
--   userload migrate
--   psql -d crm -v ON_ERROR_STOP=1 -f samples/grants.sql
-- Give them passwords with \password, or certificates in pg_hba.conf.

-- Makes and upgrades the tables, and owns them; undo, prune and forget are for it, too.
CREATE ROLE userload_migrator LOGIN;
-- load and work.
CREATE ROLE userload_worker LOGIN;
-- status, jobs, rejects, users, stats, lag, doctor, and plain psql. It sees people and rejected records.
CREATE ROLE userload_reader LOGIN;

-- The migrator creates schema userload, and the table of people in schema public (or where USERLOAD_TABLE says).
SELECT format('GRANT CREATE ON DATABASE %I TO userload_migrator', current_database()) \gexec
GRANT USAGE, CREATE ON SCHEMA public TO userload_migrator;
GRANT USAGE ON SCHEMA public TO userload_worker, userload_reader;
