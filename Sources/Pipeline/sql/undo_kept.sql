-- Jobs that updated rows of another one, and how many of these each did last, most first. $1 job, $2 how many jobs.
SELECT coalesce(left(j.id_text, 8), u.updated_by::text), u.rows
FROM (SELECT updated_by, count(*) AS rows FROM :users WHERE job = $1 AND updated_by <> $1 GROUP BY updated_by) AS u
LEFT JOIN userload.jobs AS j ON j.id = u.updated_by
ORDER BY u.rows DESC, u.updated_by LIMIT $2
