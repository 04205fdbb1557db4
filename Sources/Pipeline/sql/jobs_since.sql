-- $1 seconds; NULL: all jobs. $2 label; NULL: any. Those with a sign of life since then, the latest push first; a job known by
-- its id alone when it was first seen.
SELECT j.id FROM userload.jobs AS j
LEFT JOIN LATERAL (SELECT max(p.updated_at) AS at FROM userload.progress AS p WHERE p.job = j.id) AS last ON true
WHERE ($1::double precision IS NULL
        OR greatest(j.first_seen_at, j.pushed_again_at, last.at) >= now() - make_interval(secs => $1::double precision))
    AND ($2::text IS NULL OR j.label = $2)
ORDER BY coalesce(j.pushed_again_at, j.run_at, j.first_seen_at) DESC, j.id
