-- Rows for jobs that are new in a partition, as if nothing of them had been seen. $1 jobs, $2 partitions
INSERT INTO userload.progress (job, partition)
SELECT * FROM unnest($1::uuid[], $2::integer[]) AS s(job, partition) ORDER BY job, partition
ON CONFLICT DO NOTHING
