-- The first start marker applied describes a job, for good. $1 cluster, $2 topic; by job: $3 id, then the columns in order.
-- The rows are locked in one order.
WITH markers AS (
    SELECT * FROM unnest(
        $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::bytea[],
        $12::text[], $13::text[], $14::text[], $15::integer[], $16::boolean[], $17::bigint[], $18::text[])
        AS m(id, label, path, host, size, content_hash, format, delimiter, header, options, key_fields, on_duplicate,
            partitions, again, run_at, conclusion)
), locked AS MATERIALIZED (
    SELECT j.id FROM userload.jobs AS j WHERE j.id = ANY ($3::uuid[]) AND j.run_at IS NULL ORDER BY j.id FOR UPDATE
)
UPDATE userload.jobs AS j
SET label = m.label, path = m.path, host = m.host, size = m.size, content_hash = m.content_hash, format = m.format,
    delimiter = m.delimiter, header = m.header, options = m.options::text[], key_fields = m.key_fields::text[],
    on_duplicate = m.on_duplicate, partitions = m.partitions, again = m.again, cluster = $1, topic = $2,
    run_at = to_timestamp(m.run_at / 1000.0), conclusion = m.conclusion
FROM locked JOIN markers AS m USING (id)
WHERE j.id = m.id AND j.run_at IS NULL
