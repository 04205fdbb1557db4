-- The first start marker applied describes the job, for good. $1 id, then the columns in order
UPDATE userload.jobs
SET label = $2, path = $3, host = $4, size = $5, content_hash = $6, format = $7, delimiter = $8, header = $9,
    options = $10::text[], key_fields = $11::text[], on_duplicate = $12, partitions = $13, again = $14,
    cluster = $15, topic = $16, run_at = to_timestamp($17::bigint / 1000.0), conclusion = $18
WHERE id = $1 AND run_at IS NULL
