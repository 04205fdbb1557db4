-- How far a job is in each of some partitions, and its key. $1 job, $2 partitions; a row for each of them
SELECT w.partition, p.last_seq, p.passed_over, p.digest, p.end_seq IS NOT NULL,
    array_to_string(j.key_fields, ','), j.on_duplicate
FROM unnest($2::integer[]) AS w(partition)
LEFT JOIN userload.progress AS p ON p.job = $1 AND p.partition = w.partition
LEFT JOIN userload.jobs AS j ON j.id = $1
