-- Jobs of which something came since a job did, and whose duplicates may have been of its rows: which row a duplicate met
-- is not kept. $1 job.
SELECT left(j.id_text, 8), least(sum(p.duplicates), 9223372036854775807)::bigint
FROM userload.jobs AS undone
JOIN userload.progress AS p ON p.updated_at >= undone.first_seen_at AND p.job <> undone.id
JOIN userload.jobs AS j ON j.id = p.job
WHERE undone.id = $1 AND j.undone_at IS NULL
GROUP BY j.id HAVING sum(p.duplicates) > 0
ORDER BY j.first_seen_at, j.id
