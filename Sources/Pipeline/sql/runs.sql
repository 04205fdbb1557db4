-- $1 runs. A row a job, in the order of the runs and of their files; a run without one has a row with NULL. The time is in
-- milliseconds since 1970.
SELECT r.id, r.host, r.files, (extract(epoch FROM r.sent_at) * 1000)::bigint, r.label, s.job, s.files
FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted(id, place)
JOIN userload.runs AS r ON r.id = wanted.id
LEFT JOIN userload.run_jobs AS s ON s.run = r.id
LEFT JOIN userload.jobs AS j ON j.id = s.job
ORDER BY wanted.place, j.path, s.job
