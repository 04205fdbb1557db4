-- Runs and what they sent, as prune_runs_look.sql counts them. $1 seconds.
WITH old AS (
    DELETE FROM userload.runs WHERE id IN (
        SELECT id FROM (
            SELECT id, sent_at,
                row_number() OVER (PARTITION BY label, host ORDER BY sent_at DESC, started_at DESC, id) AS place
            FROM userload.runs
        ) AS r
        WHERE r.place > 1 AND r.sent_at < clock_timestamp() - $1::double precision * interval '1 second')
    RETURNING id
), sent AS (
    DELETE FROM userload.run_jobs USING old WHERE run = old.id
)
SELECT count(*) FROM old
