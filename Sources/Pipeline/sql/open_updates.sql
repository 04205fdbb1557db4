-- Jobs that update and are open in the topic: whoever was pushed with another number of partitions than one of them must wait,
-- for the order of the two is not known. $1 cluster, $2 topic, $3 such jobs that this worker has begun. Two jobs of each of three
-- numbers of partitions are enough to decide of any job; those begun that the database does not know yet are told without one.
SELECT id, partitions FROM (
    SELECT id, partitions,
        row_number() OVER (PARTITION BY partitions ORDER BY id) AS place,
        dense_rank() OVER (ORDER BY partitions) AS number
    FROM userload.open_updates WHERE cluster = $1 AND topic = $2 AND partitions IS NOT NULL
) AS open
WHERE place <= 2 AND number <= 3
UNION ALL
SELECT begun.id, NULL FROM unnest($3::uuid[]) AS begun(id)
WHERE NOT EXISTS (SELECT FROM userload.jobs AS j WHERE j.id = begun.id AND j.run_at IS NOT NULL)
