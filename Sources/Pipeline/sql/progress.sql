-- $1 job, $2 partitions
SELECT partition, last_seq, passed_over, digest, records, end_seq IS NOT NULL
FROM userload.progress WHERE job = $1 AND partition = ANY ($2::integer[])
