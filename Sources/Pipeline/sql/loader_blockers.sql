-- Workers that hold what process $1 waits for and are themselves waiting for their client, in a transaction. Only
-- userload's own: same database, role and name.
SELECT a.pid, a.xact_start, a.query_start
FROM pg_stat_activity AS a
WHERE a.pid = ANY (pg_blocking_pids($1)) AND a.datname = current_database() AND a.usename = current_user
    AND a.application_name = $2 AND a.wait_event = 'ClientRead' AND a.xact_start IS NOT NULL
