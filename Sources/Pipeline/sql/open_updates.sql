-- Whether a job that updates must wait: another one, pushed with another number of partitions, is open in the topic, and
-- the order of the two is not known. $1 the job, $2 its number of partitions, $3 cluster, $4 topic, $5 such jobs that this
-- worker has seen, of which the database may not know yet.
SELECT EXISTS (
        SELECT FROM userload.open_updates
        WHERE cluster = $3 AND topic = $4 AND partitions <> $2 AND id <> $1)
    OR EXISTS (
        SELECT FROM unnest($5::uuid[]) AS seen(id)
        WHERE NOT EXISTS (SELECT FROM userload.jobs AS j WHERE j.id = seen.id AND j.run_at IS NOT NULL))
