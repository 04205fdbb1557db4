-- What prune would take. $1 and $2: for how many seconds jobs must have ended, to lose their descriptions, and their
-- rejects. By job: its id, whether its description goes, and how many rejects.
SELECT s.id, s.ended_at < clock_timestamp() - $1::double precision * interval '1 second',
    CASE WHEN s.ended_at < clock_timestamp() - $2::double precision * interval '1 second' THEN
        (SELECT count(*) FROM userload.rejects AS r WHERE r.job = s.id) ELSE 0 END,
    s.header IS NOT NULL OR s.options IS NOT NULL
FROM (
    -- By the database's clock alone: a pusher's may be anything.
    SELECT id, header, options, greatest(first_seen_at, last_record_at, abandoned_at, undone_at) AS ended_at
    FROM userload.job_status
    WHERE state IN ('completed', 'abandoned', 'undone') AND id <> '00000000-0000-0000-0000-000000000000'
) AS s
WHERE s.ended_at < clock_timestamp() - least($1::double precision, $2::double precision) * interval '1 second'
ORDER BY s.id
