-- Notes on rejects of earlier jobs what became of the records that stand for them. By record: $1 job, $2 partition and
-- $3 sequence number of the reject, $4 its line (0: not known), $5 the job that brings it again, $6 and $7 the record's own
-- partition and sequence number, $8 errors, NULL if it is in.
-- A spreadsheet makes 3.1 of 3.10: where the line is known, it tells which one is meant.
-- A reject of a fix file stands for an earlier one in its turn: it is remembered which, and that one is told, too. Of several
-- records for one reject, one that is in is enough. What is no reject, or is fixed already, is left alone. The rows are
-- locked in one order. OFFSET 0 keeps it a look-up in the index for each.
WITH RECURSIVE brought AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::uuid[], $2::integer[], $3::bigint[], $4::bigint[], $5::uuid[], $6::integer[], $7::bigint[], $8::text[])
        WITH ORDINALITY AS b(job, partition, seq, line, fixed_by, own_partition, own_seq, errors, number)
), reached AS (
    SELECT b.number, 1 AS depth, b.job, b.partition, r.seq, r.fixes_job, r.fixes_partition, r.fixes_seq
    FROM brought AS b
    CROSS JOIN LATERAL (
        SELECT r.seq, r.fixes_job, r.fixes_partition, r.fixes_seq FROM userload.rejects AS r
        WHERE r.job = b.job AND r.partition = b.partition AND (b.line = 0 OR r.line = b.line)
            AND r.seq = ANY (CASE WHEN b.line = 0 OR b.seq > 1000000000 THEN ARRAY[b.seq] ELSE
                ARRAY[b.seq, b.seq * 10, b.seq * 100, b.seq * 1000, b.seq * 10000, b.seq * 100000, b.seq * 1000000] END)
            AND r.job <> '00000000-0000-0000-0000-000000000000'
        ORDER BY r.seq LIMIT 1) AS r
    UNION ALL
    SELECT f.number, f.depth + 1, f.fixes_job, f.fixes_partition, f.fixes_seq, r.fixes_job, r.fixes_partition, r.fixes_seq
    FROM reached AS f
    CROSS JOIN LATERAL (
        SELECT r.fixes_job, r.fixes_partition, r.fixes_seq FROM userload.rejects AS r
        WHERE r.job = f.fixes_job AND r.partition = f.fixes_partition AND r.seq = f.fixes_seq
            AND r.job <> '00000000-0000-0000-0000-000000000000' OFFSET 0) AS r
    WHERE f.depth < 100
), told AS MATERIALIZED (
    SELECT DISTINCT ON (f.job, f.partition, f.seq) f.job, f.partition, f.seq, b.fixed_by, b.errors
    FROM reached AS f JOIN brought AS b USING (number)
    ORDER BY f.job, f.partition, f.seq, b.errors IS NOT NULL, f.number
), locked AS MATERIALIZED (
    SELECT t.*
    FROM told AS t
    CROSS JOIN LATERAL (
        SELECT FROM userload.rejects AS r
        WHERE r.job = t.job AND r.partition = t.partition AND r.seq = t.seq
            AND r.job <> '00000000-0000-0000-0000-000000000000' AND r.fixed_by IS NULL
        FOR NO KEY UPDATE) AS r
), remembered AS (
    -- Written a moment ago in this transaction: nobody else sees them yet.
    UPDATE userload.rejects AS r
    SET fixes_job = b.job, fixes_partition = b.partition, fixes_seq = b.seq
    FROM brought AS b JOIN reached AS f ON f.number = b.number AND f.depth = 1
    WHERE b.errors IS NOT NULL AND r.job = b.fixed_by AND r.partition = b.own_partition AND r.seq = b.own_seq
        AND r.job <> '00000000-0000-0000-0000-000000000000'
)
UPDATE userload.rejects AS r
SET fixed_by = CASE WHEN l.errors IS NULL THEN l.fixed_by END,
    fixed_at = CASE WHEN l.errors IS NULL THEN clock_timestamp() END,
    errors = coalesce(l.errors::jsonb, r.errors)
FROM locked AS l
WHERE r.job = l.job AND r.partition = l.partition AND r.seq = l.seq
    AND r.job <> '00000000-0000-0000-0000-000000000000' AND r.fixed_by IS NULL
