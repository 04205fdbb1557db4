-- $1 label, $2 host (NULL: any), $3 how many at most. The latest run of each host, by the broker's clock, the newest of them first;
-- and how many hosts there are.
SELECT id, count(*) OVER () FROM (
    SELECT DISTINCT ON (host) id, host, sent_at FROM userload.runs
    WHERE label = $1 AND ($2::text IS NULL OR host = $2)
    ORDER BY host, sent_at DESC, started_at DESC, id
) AS latest
ORDER BY sent_at DESC, host LIMIT $3
