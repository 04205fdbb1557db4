-- The rejects of earlier jobs that records stand for. $1 jobs, $2 partitions, $3 sequence numbers, $4 lines (0: not known).
-- Answers the number of each, from 1, and its sequence number; of a reject of a fix file also the one that it stands for.
-- A spreadsheet makes 3.1 of 3.10: where the line is known, it tells which one is meant.
SELECT k.number, r.seq, r.fixes_job, r.fixes_partition, r.fixes_seq
FROM (
    SELECT unnest($1::uuid[]) AS job, unnest($2::integer[]) AS partition, unnest($3::bigint[]) AS seq,
        unnest($4::bigint[]) AS line, generate_series(1, cardinality($1)) AS number) AS k
CROSS JOIN LATERAL (
    SELECT r.seq, r.fixes_job, r.fixes_partition, r.fixes_seq FROM userload.rejects AS r
    WHERE r.job = k.job AND r.partition = k.partition AND (k.line = 0 OR r.line = k.line)
        AND r.seq = ANY (CASE WHEN k.line = 0 OR k.seq > 1000000000 THEN ARRAY[k.seq] ELSE
            ARRAY[k.seq, k.seq * 10, k.seq * 100, k.seq * 1000, k.seq * 10000, k.seq * 100000, k.seq * 1000000] END)
        AND r.job <> '00000000-0000-0000-0000-000000000000'
    ORDER BY r.seq LIMIT 1) AS r
