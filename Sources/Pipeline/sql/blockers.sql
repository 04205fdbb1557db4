-- Sessions that hold what process $1 waits for, or what those wait for, and are themselves waiting for their client. Only
-- userload's own: same database, role and name ($2). With what changes when they do anything, and whether they would show
-- that: between two statements of a transaction and inside COPY. A session in the middle of any other statement may be
-- receiving a long one over a slow line, and nothing shows how much of it has arrived.
WITH RECURSIVE blockers AS (
    SELECT unnest(pg_blocking_pids($1)) AS pid
    UNION
    SELECT unnest(pg_blocking_pids(pid)) FROM blockers
)
SELECT a.pid, concat_ws('/', a.xact_start, a.query_start, c.bytes_processed, c.tuples_processed),
    a.state IN ('idle in transaction', 'idle in transaction (aborted)') OR c.pid IS NOT NULL
FROM blockers
JOIN pg_stat_activity AS a USING (pid)
LEFT JOIN pg_stat_progress_copy AS c USING (pid)
WHERE a.datname = current_database() AND a.usename = current_user AND a.application_name = $2
    AND a.wait_event = 'ClientRead' AND a.xact_start IS NOT NULL
