-- Rejects that stand for earlier ones remember which: what comes of them later is noted on those, too. $1 jobs,
-- $2 partitions and $3 sequence numbers of rejects that this transaction wrote, so nobody else sees them yet; $4 jobs,
-- $5 partitions and $6 sequence numbers of the earlier ones.
UPDATE userload.rejects AS r
SET fixes_job = k.fixes_job, fixes_partition = k.fixes_partition, fixes_seq = k.fixes_seq
FROM (
    SELECT unnest($1::uuid[]) AS job, unnest($2::integer[]) AS partition, unnest($3::bigint[]) AS seq,
        unnest($4::uuid[]) AS fixes_job, unnest($5::integer[]) AS fixes_partition,
        unnest($6::bigint[]) AS fixes_seq) AS k
WHERE r.job = k.job AND r.partition = k.partition AND r.seq = k.seq
    AND r.job <> '00000000-0000-0000-0000-000000000000'
