-- Rows for jobs that are new in a partition, as if nothing of them had been seen; only of jobs that have a row themselves.
-- $1 jobs, $2 partitions
INSERT INTO userload.progress (job, partition)
SELECT s.job, s.partition
FROM unnest($1::uuid[], $2::integer[]) AS s(job, partition) JOIN userload.jobs AS j ON j.id = s.job
ORDER BY s.job, s.partition
ON CONFLICT DO NOTHING
