-- How far jobs are in some partitions, and their keys. $1 jobs, $2 partitions; a row for each place where something of one
-- is known, and one without a partition for a job that is known, but nowhere there.
SELECT coalesce(p.job, j.id), p.partition, p.last_seq, p.passed_over, p.digest, p.end_seq IS NOT NULL,
    array_to_string(j.key_fields, ','), j.on_duplicate
FROM (SELECT * FROM userload.jobs WHERE id = ANY ($1::uuid[])) AS j
FULL JOIN (
    -- Not ANY: the index is to be asked once for each job, not for each of its places.
    SELECT * FROM userload.progress WHERE job = ANY ($1::uuid[]) AND partition IN (SELECT unnest($2::integer[]))
) AS p ON p.job = j.id
