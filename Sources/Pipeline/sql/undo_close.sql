-- Workers drop what still comes of the job: in every partition all sequence numbers count as applied, up to the highest
-- there can be (2^53). $1 job.
INSERT INTO userload.progress AS p (job, partition, last_seq)
SELECT $1::uuid, places.partition, 9007199254740992
FROM (
    SELECT o.partition FROM userload.jobs AS j
    JOIN userload.positions AS o ON o.cluster = j.cluster AND o.topic = j.topic WHERE j.id = $1
    UNION
    SELECT own.partition FROM userload.progress AS own WHERE own.job = $1
) AS places ORDER BY places.partition
ON CONFLICT (job, partition) DO UPDATE SET last_seq = EXCLUDED.last_seq
