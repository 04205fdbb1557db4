-- $1 label, $2 host (NULL: any), $3 how many runs of a host are looked at. By host the newest completed run: every file of it
-- has a job, and all of them are completed. Its time in milliseconds since 1970, and its age in seconds; NULL: none.
SELECT h.host, (extract(epoch FROM c.sent_at) * 1000)::bigint,
    extract(epoch FROM clock_timestamp() - c.sent_at)::bigint
FROM (
    SELECT DISTINCT host FROM userload.runs WHERE label = $1 AND ($2::text IS NULL OR host = $2)
) AS h
LEFT JOIN LATERAL (
    SELECT r.sent_at FROM (
        SELECT id, files, sent_at FROM userload.runs WHERE label = $1 AND host = h.host
        ORDER BY sent_at DESC LIMIT $3::bigint
    ) AS r
    WHERE (
        SELECT sum(j.files) >= r.files AND bool_and(coalesce(s.state = 'completed', false))
        FROM userload.run_jobs AS j LEFT JOIN userload.job_status AS s ON s.id = j.job WHERE j.run = r.id
    )
    ORDER BY r.sent_at DESC LIMIT 1
) AS c ON true
ORDER BY h.host
