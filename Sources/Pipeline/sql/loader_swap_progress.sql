-- Moves the progress of a batch's jobs, all or too few. By job and partition: $1 job, $2 partition, $3 last sequence
-- number as it must still be, $4 last, $5 digest, $6 highest passed over, $7 records, $8 bytes, $9 to $11 the end
-- marker's last sequence number, records and digest (NULL: none came), $12 a broken marker came.
WITH steps AS (
    SELECT * FROM unnest(
        $1::uuid[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
        $9::bigint[], $10::bigint[], $11::bigint[], $12::boolean[])
        AS s(job, partition, expected_last, last_seq, digest, passed_over, records, bytes,
            end_seq, end_records, end_digest, broken)
), locked AS MATERIALIZED (
    SELECT p.job, p.partition FROM userload.progress AS p
    WHERE (p.job, p.partition) IN (SELECT s.job, s.partition FROM steps AS s)
    ORDER BY p.job, p.partition FOR UPDATE
)
UPDATE userload.progress AS p
SET last_seq = s.last_seq,
    digest = s.digest,
    passed_over = greatest(p.passed_over, s.passed_over),
    records = p.records + s.records,
    -- A forged header may claim any length: at the end of its range the sum stays there.
    bytes = least(p.bytes::numeric + s.bytes, 9223372036854775807)::bigint,
    end_seq = coalesce(s.end_seq, p.end_seq),
    end_records = coalesce(s.end_records, p.end_records),
    end_digest = coalesce(s.end_digest, p.end_digest),
    ended_at = CASE WHEN s.end_seq IS NULL THEN p.ended_at ELSE clock_timestamp() END,
    broken = p.broken OR s.broken,
    updated_at = clock_timestamp()
FROM locked JOIN steps AS s USING (job, partition)
WHERE p.job = s.job AND p.partition = s.partition AND p.last_seq = s.expected_last
