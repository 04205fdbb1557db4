-- The rejects of earlier jobs that records stand for. $1 jobs, $2 partitions, $3 sequence numbers, $4 lines (0: not known).
-- Answers the number of each, from 1; of a reject of a fix file also the one that it stands for. LIMIT keeps it a look-up
-- in the index for each.
SELECT k.number, r.fixes_job, r.fixes_partition, r.fixes_seq
FROM (
    SELECT unnest($1::uuid[]) AS job, unnest($2::integer[]) AS partition, unnest($3::bigint[]) AS seq,
        unnest($4::bigint[]) AS line, generate_series(1, cardinality($1)) AS number) AS k
CROSS JOIN LATERAL (
    SELECT r.fixes_job, r.fixes_partition, r.fixes_seq FROM userload.rejects AS r
    WHERE r.job = k.job AND r.partition = k.partition AND r.seq = k.seq AND (k.line = 0 OR r.line = k.line)
        AND r.job <> '00000000-0000-0000-0000-000000000000' LIMIT 1) AS r
