-- $1 jobs. The newest push of those that are completed: milliseconds since 1970, and its age in seconds; no row: none is.
SELECT (extract(epoch FROM at) * 1000)::bigint, extract(epoch FROM clock_timestamp() - at)::bigint
FROM userload.job_status AS s CROSS JOIN LATERAL (
    SELECT greatest(
        (SELECT max(r.sent_at) FROM userload.run_jobs AS j JOIN userload.runs AS r ON r.id = j.run WHERE j.job = s.id),
        coalesce(s.pushed_again_at, s.pushed_at)) AS at
) AS pushed
WHERE s.id = ANY ($1::uuid[]) AND s.state = 'completed' AND at IS NOT NULL
ORDER BY at DESC LIMIT 1
