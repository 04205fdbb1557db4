-- What push took a file for, in its own words; and wire version 2, which is read: only a job above it was passed over
-- because of its version.
--
--   psql --single-transaction -v ON_ERROR_STOP=1 -f 0005_conclusion.sql

ALTER TABLE userload.jobs ADD COLUMN conclusion text COLLATE "C";
COMMENT ON COLUMN userload.jobs.conclusion IS 'what push took the file for: format, encoding, delimiter, and which columns are which fields';

CREATE OR REPLACE VIEW userload.job_status AS
SELECT
    left(j.id_text, 8) AS slug,
    j.label,
    j.path AS file,
    j.size,
    j.host,
    s.state,
    CASE s.state
        WHEN 'inconsistent' THEN
            CASE WHEN t.digest_differs THEN 'content' WHEN t.broken THEN 'changed' ELSE 'sum' END
        WHEN 'stalled' THEN
            CASE WHEN j.wire_version > 2 THEN 'version'
                 WHEN j.key_fields <> settings.key_fields THEN 'key'
                 WHEN j.on_duplicate <> 'skip' THEN 'mode'
                 ELSE 'gap' END
    END AS reason,
    t.records AS lines,
    t.inserted,
    t.updated,
    t.duplicates,
    t.rejected,
    CASE WHEN s.state = 'completed' THEN 100
         WHEN j.size > 0 THEN least(99, div((t.bytes::numeric + t.records) * 100, j.size))
         WHEN j.size = 0 THEN 0 END::integer AS percent,
    j.run_at AS pushed_at,
    j.pushed_again_at,
    CASE WHEN s.state = 'completed' THEN t.ended_at END AS completed_at,
    t.last_record_at,
    j.first_seen_at,
    j.abandoned_at,
    j.key_fields,
    settings.key_fields AS database_key_fields,
    j.on_duplicate,
    j.wire_version,
    j.format,
    j.delimiter,
    j.header,
    j.options,
    j.again,
    j.content_hash,
    j.partitions,
    t.partitions_ended,
    t.bytes,
    j.cluster,
    j.topic,
    j.id,
    j.id_text,
    j.conclusion
FROM userload.jobs AS j
CROSS JOIN userload.settings
CROSS JOIN LATERAL (
    SELECT
        least(coalesce(sum(p.records), 0), 9223372036854775807)::bigint AS records,
        least(coalesce(sum(p.bytes), 0), 9223372036854775807)::bigint AS bytes,
        least(coalesce(sum(p.inserted), 0), 9223372036854775807)::bigint AS inserted,
        least(coalesce(sum(p.updated), 0), 9223372036854775807)::bigint AS updated,
        least(coalesce(sum(p.duplicates), 0), 9223372036854775807)::bigint AS duplicates,
        least(coalesce(sum(p.rejected), 0), 9223372036854775807)::bigint AS rejected,
        count(p.end_seq)::integer AS partitions_ended,
        coalesce(bool_or(p.digest <> p.end_digest OR p.records <> p.end_records), false) AS digest_differs,
        coalesce(bool_or(p.broken), false) AS broken,
        coalesce(bool_or(p.passed_over > p.last_seq), false) AS passed_over,
        max(p.ended_at) AS ended_at,
        max(p.updated_at) AS last_record_at
    FROM userload.progress AS p WHERE p.job = j.id
) AS t
CROSS JOIN LATERAL (
    SELECT coalesce(t.partitions_ended = j.partitions, false) AS ended,
        t.records = t.inserted::numeric + t.updated + t.duplicates + t.rejected AS sum_agrees
) AS e
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN j.id = '00000000-0000-0000-0000-000000000000' THEN 'processing'
        WHEN e.ended AND e.sum_agrees AND NOT t.digest_differs THEN 'completed'
        WHEN j.abandoned_at > coalesce(t.last_record_at, '-infinity') THEN 'abandoned'
        WHEN t.digest_differs OR t.broken OR e.ended THEN 'inconsistent'
        WHEN t.passed_over THEN 'stalled'
        WHEN t.records = 0 THEN 'pending'
        ELSE 'processing'
    END AS state
) AS s;

UPDATE userload.settings SET schema_version = 5, revision = revision + 1;
