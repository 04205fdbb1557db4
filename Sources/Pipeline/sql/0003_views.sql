-- What people ask about jobs, as views: psql gives the same answer as userload status, jobs and rejects.
--
--   psql --single-transaction -v ON_ERROR_STOP=1 -f 0003_views.sql

CREATE VIEW userload.job_status AS
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
            CASE WHEN j.wire_version > 1 THEN 'version'
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
         WHEN j.size > 0 THEN least(99, (t.bytes + t.records) * 100 / j.size)
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
    j.id_text
FROM userload.jobs AS j
CROSS JOIN userload.settings
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(p.records), 0)::bigint AS records,
        coalesce(sum(p.bytes), 0)::bigint AS bytes,
        coalesce(sum(p.inserted), 0)::bigint AS inserted,
        coalesce(sum(p.updated), 0)::bigint AS updated,
        coalesce(sum(p.duplicates), 0)::bigint AS duplicates,
        coalesce(sum(p.rejected), 0)::bigint AS rejected,
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
        t.records = t.inserted + t.updated + t.duplicates + t.rejected AS sum_agrees
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
COMMENT ON VIEW userload.job_status IS 'what userload status shows, a row a job; e.g. SELECT slug, file, state, lines, rejected FROM userload.job_status ORDER BY pushed_at DESC';
COMMENT ON COLUMN userload.job_status.state IS 'pending: nothing of it is in yet; processing; stalled or inconsistent: see reason; completed: every line is accounted for; abandoned: by userload abandon, until more of it comes. The job - (other producers) has no end and is always processing';
COMMENT ON COLUMN userload.job_status.reason IS 'stalled: gap (earlier messages are missing), key (pushed for another unique key), mode (another on-duplicate mode), version (needs a newer userload); inconsistent: changed (the file changed while it was pushed), content (other content arrived than was pushed), sum (rows vanished on the way, e.g. in a trigger)';
COMMENT ON COLUMN userload.job_status.lines IS 'records seen so far; at the end inserted + updated + duplicates + rejected';
COMMENT ON COLUMN userload.job_status.duplicates IS 'records whose key was there already; their other fields are not loaded';
COMMENT ON COLUMN userload.job_status.percent IS 'of the file''s bytes; NULL for a stream until it is completed';
COMMENT ON COLUMN userload.job_status.completed_at IS 'when the last partition''s end was in the database';
COMMENT ON COLUMN userload.job_status.last_record_at IS 'when a message of the job was last taken note of';

CREATE VIEW userload.reject_list AS
SELECT
    left(j.id_text, 8) AS slug,
    j.label,
    j.path AS file,
    r.line,
    r.byte_offset,
    (SELECT string_agg(coalesce(nullif(e.error ->> 'field', '') || ': ', '') || (e.error ->> 'message'), '; '
                       ORDER BY e.place)
     FROM jsonb_array_elements(r.errors) WITH ORDINALITY AS e(error, place)) AS problem,
    encode(r.bytes, 'escape') AS record,
    r.form,
    r.length,
    r.errors,
    r.partition,
    r.kafka_offset,
    r.created_at,
    r.job
FROM userload.rejects AS r LEFT JOIN userload.jobs AS j ON j.id = r.job;
COMMENT ON VIEW userload.reject_list IS 'what userload rejects shows; e.g. SELECT line, problem, record FROM userload.reject_list WHERE slug = ''4x7k2m9q'' ORDER BY line';
COMMENT ON COLUMN userload.reject_list.record IS 'the original bytes; those that are no ASCII as \nnn';

UPDATE userload.settings SET schema_version = 3, revision = revision + 1;
