-- The rights of the worker and the reader, by the migrator, after `userload migrate`; see roles.sql. May run again and again.
--   psql -d crm -v ON_ERROR_STOP=1 -f samples/grants.sql
-- With another table of people: -v users=crm.people
\if :{?users}
\else
    \set users public.users
\endif

GRANT USAGE ON SCHEMA userload TO userload_worker, userload_reader;

-- UPDATE on people is for --on-duplicate update alone: leave it out, and such a job is refused before anything is sent.
GRANT SELECT, INSERT, UPDATE ON :users TO userload_worker;
GRANT SELECT ON ALL TABLES IN SCHEMA userload TO userload_worker;
GRANT INSERT, UPDATE ON userload.jobs, userload.progress, userload.positions, userload.hand_readers, userload.runs,
    userload.run_jobs, userload.rejects TO userload_worker;
GRANT INSERT ON userload.age_adjustments TO userload_worker;

GRANT SELECT ON :users TO userload_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA userload TO userload_reader;
