-- Whether a job that updates must wait: another one, pushed with another number of partitions, is open in the topic, and
-- the order of the two is not known. $1 the job, $2 its number of partitions, $3 cluster, $4 topic, $5 such jobs that this
-- worker has seen, of which the database may not know yet. One that waits itself holds up nobody.
SELECT EXISTS (
        SELECT FROM userload.job_status AS s
        WHERE s.cluster = $3 AND s.topic = $4 AND s.on_duplicate = 'update' AND s.partitions <> $2 AND s.id <> $1
            AND s.state IN ('pending', 'processing', 'interrupted', 'stalled') AND s.reason IS DISTINCT FROM 'partitions')
    OR EXISTS (
        SELECT FROM unnest($5::uuid[]) AS seen(id)
        WHERE NOT EXISTS (SELECT FROM userload.jobs AS j WHERE j.id = seen.id AND j.run_at IS NOT NULL))
