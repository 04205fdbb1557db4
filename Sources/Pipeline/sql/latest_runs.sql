-- $1 label, $2 host (NULL: any). The latest run of each host, by the broker's clock.
SELECT DISTINCT ON (host) id FROM userload.runs
WHERE label = $1 AND ($2::text IS NULL OR host = $2)
ORDER BY host, sent_at DESC, started_at DESC, id
