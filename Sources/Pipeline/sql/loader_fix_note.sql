-- Notes on rejects of earlier jobs what was done with the records that stand for them. $1 jobs, $2 partitions and
-- $3 sequence numbers of the rejects, in this order; $4 the jobs that bring them again, $5 errors, NULL if they are loaded.
-- What is fixed already is left alone. The rows are locked in the order of the parameters.
UPDATE userload.rejects AS r
SET fixed_by = CASE WHEN k.errors IS NULL THEN k.fixed_by END,
    fixed_at = CASE WHEN k.errors IS NULL THEN clock_timestamp() END,
    errors = coalesce(k.errors::jsonb, r.errors)
FROM (
    SELECT unnest($1::uuid[]) AS job, unnest($2::integer[]) AS partition, unnest($3::bigint[]) AS seq,
        unnest($4::uuid[]) AS fixed_by, unnest($5::text[]) AS errors) AS k
WHERE r.job = k.job AND r.partition = k.partition AND r.seq = k.seq
    AND r.job <> '00000000-0000-0000-0000-000000000000' AND r.fixed_by IS NULL
