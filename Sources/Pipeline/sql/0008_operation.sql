-- Rows that later jobs update, runs, rejects that were fixed, jobs that were undone. Wire version 3 is read.
--
--   psql --single-transaction -v ON_ERROR_STOP=1 -v users=public.users -f 0008_operation.sql

ALTER TABLE :users ADD COLUMN updated_by uuid;
COMMENT ON COLUMN :users.updated_by IS 'userload.jobs.id of the job that changed the row last; NULL: as it was inserted';
-- Finds a job's rows; nearly free for those who insert.
CREATE INDEX userload_job ON :users USING brin (job uuid_bloom_ops) WITH (autosummarize = on);

ALTER TABLE userload.jobs
    ADD COLUMN undone_at timestamptz,
    ADD COLUMN told_rejects bigint NOT NULL DEFAULT 0,
    ADD COLUMN waits_for_partitions boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN userload.jobs.undone_at IS 'when userload undo took back what the job had inserted';
COMMENT ON COLUMN userload.jobs.told_rejects IS 'how many of its rejects a load has told a person of';
COMMENT ON COLUMN userload.jobs.waits_for_partitions IS 'an update job that was passed over: another one, pushed with another number of partitions, was open';

-- What updates merge into a row must not grow until no client can read it: each record is bounded, their sum is not.
CREATE FUNCTION userload.refuse_large(info jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF octet_length(info::text) > 8388608 THEN
        RAISE 'the row''s additional_info would be larger than 8 MiB' USING ERRCODE = '54000';
    END IF;
    RETURN info;
END
$$;
COMMENT ON FUNCTION userload.refuse_large IS 'the same, or an error if it is larger than 8 MiB as text';

-- STABLE, as what they call: the planner puts their bodies in the place of calls.
CREATE FUNCTION userload.bounded(info jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    -- 1 KiB may be 40 numbers of 131,000 digits each, 5 MB as text.
    SELECT CASE WHEN pg_column_size(info) > 1024 THEN userload.refuse_large(info) ELSE info END
$$;
COMMENT ON FUNCTION userload.bounded IS 'the same, or an error if it is larger than 8 MiB as text; quick where it is small';

CREATE FUNCTION userload.merged(info jsonb, given jsonb, cleared_keys text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN given IS NULL AND cleared_keys IS NULL THEN info
        ELSE nullif(
            (coalesce(info, '{}') - coalesce(cleared_keys::text[], '{}')) || coalesce(given, '{}'), '{}') END
$$;
COMMENT ON FUNCTION userload.merged IS 'additional_info of a row once a record updated it: key by key, without the cleared keys';

-- A run is one command: push or load, on one host, of one or many files.
CREATE TABLE userload.runs (
    id uuid PRIMARY KEY,
    host text COLLATE "C" NOT NULL,
    label text COLLATE "C",
    files integer NOT NULL,
    started_at timestamptz NOT NULL,
    sent_at timestamptz NOT NULL
);
CREATE INDEX runs_label ON userload.runs (label, host, sent_at) WHERE label IS NOT NULL;
COMMENT ON TABLE userload.runs IS 'one row per run: one push or load command; a label''s answer is the latest run of each host';
COMMENT ON COLUMN userload.runs.files IS 'files the command was given';
COMMENT ON COLUMN userload.runs.started_at IS 'by the pusher''s clock';
COMMENT ON COLUMN userload.runs.sent_at IS 'the latest of its start markers, by the broker''s clock';

-- Finds what was pushed later than a job that went silent.
CREATE INDEX jobs_run_at ON userload.jobs (run_at);

CREATE TABLE userload.run_jobs (
    run uuid NOT NULL,
    job uuid NOT NULL,
    files integer NOT NULL DEFAULT 1,
    PRIMARY KEY (run, job)
);
CREATE INDEX run_jobs_job ON userload.run_jobs (job);
COMMENT ON TABLE userload.run_jobs IS 'which jobs a run sent, those that were in Kafka already included';
COMMENT ON COLUMN userload.run_jobs.files IS 'how many files of the run are this job: files with the same content are one';

ALTER TABLE userload.rejects
    ADD COLUMN fixed_by uuid,
    ADD COLUMN fixed_at timestamptz,
    ADD COLUMN fixes_job uuid,
    ADD COLUMN fixes_partition integer,
    ADD COLUMN fixes_seq bigint;
CREATE INDEX rejects_fixed ON userload.rejects (job) WHERE fixed_by IS NOT NULL;
COMMENT ON COLUMN userload.rejects.fixed_by IS 'the job whose fix file brought this record again, and it was loaded; NULL: still to be fixed';
COMMENT ON COLUMN userload.rejects.fixes_job IS 'of a record of a fix file: with fixes_partition and fixes_seq the reject that it stood for';

CREATE OR REPLACE VIEW userload.reject_list AS
SELECT
    left(j.id_text, 8) AS slug,
    j.label,
    j.path AS file,
    r.line,
    r.byte_offset,
    (SELECT string_agg(coalesce(nullif(e.error ->> 'field', '') || ' ', '') || (e.error ->> 'message'), '; '
                       ORDER BY e.place)
     FROM jsonb_array_elements(r.errors) WITH ORDINALITY AS e(error, place)) AS problem,
    encode(r.bytes, 'escape') AS record,
    r.form,
    r.length,
    r.errors,
    r.partition,
    r.kafka_offset,
    r.created_at,
    r.job,
    r.fixed_at
FROM userload.rejects AS r LEFT JOIN userload.jobs AS j ON j.id = r.job;
COMMENT ON COLUMN userload.reject_list.fixed_at IS 'when a fix file brought it again, and it was loaded; NULL: still to be fixed';

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
            CASE WHEN j.wire_version > 3 THEN 'version'
                 WHEN j.key_fields <> settings.key_fields THEN 'key'
                 WHEN j.on_duplicate NOT IN ('skip', 'update', 'reject') THEN 'mode'
                 WHEN j.waits_for_partitions THEN 'partitions'
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
    j.conclusion,
    j.undone_at,
    j.told_rejects,
    CASE WHEN t.rejected > 0 THEN
        (SELECT count(*) FROM userload.rejects AS r WHERE r.job = j.id AND r.fixed_by IS NOT NULL) ELSE 0 END AS fixed
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
    -- Silent for five minutes, while the log was read beyond them: a later job was seen in every partition where this one has
    -- not ended. A worker that is merely behind has not.
    SELECT coalesce(t.last_record_at, j.first_seen_at) + interval '5 minutes' AS until
) AS silence
CROSS JOIN LATERAL (
    SELECT CASE WHEN e.ended OR silence.until > now() THEN false ELSE EXISTS (
        SELECT FROM userload.jobs AS later
        WHERE later.run_at > silence.until AND later.first_seen_at > silence.until
            AND later.cluster = j.cluster AND later.topic = j.topic
            AND NOT EXISTS (
                SELECT FROM userload.progress AS p WHERE p.job = j.id AND p.end_seq IS NULL AND NOT EXISTS (
                    SELECT FROM userload.progress AS seen WHERE seen.job = later.id AND seen.partition = p.partition
                        AND seen.last_seq >= 0))
    ) END AS interrupted
) AS died
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN j.id = '00000000-0000-0000-0000-000000000000' THEN 'processing'
        WHEN j.undone_at IS NOT NULL THEN 'undone'
        WHEN e.ended AND e.sum_agrees AND NOT t.digest_differs THEN 'completed'
        WHEN j.abandoned_at > coalesce(t.last_record_at, '-infinity') THEN 'abandoned'
        WHEN t.digest_differs OR t.broken OR e.ended THEN 'inconsistent'
        WHEN t.passed_over THEN 'stalled'
        WHEN died.interrupted THEN 'interrupted'
        WHEN t.records = 0 THEN 'pending'
        ELSE 'processing'
    END AS state
) AS s;

-- One that waits itself holds up nobody.
CREATE VIEW userload.open_updates AS
SELECT slug, file, state, partitions, cluster, topic, first_seen_at, id FROM userload.job_status
WHERE on_duplicate = 'update' AND state IN ('pending', 'processing', 'interrupted', 'stalled')
    AND reason IS DISTINCT FROM 'partitions';
COMMENT ON VIEW userload.open_updates IS 'jobs of --on-duplicate update that have not ended: one pushed to the same topic for another number of partitions waits for them';

COMMENT ON COLUMN userload.job_status.state IS 'pending: nothing of it is in yet; processing; interrupted: the push died, for nothing of it came in five minutes, and what was pushed after them was read; stalled or inconsistent: see reason; completed: every line is accounted for; abandoned: by userload abandon, until more of it comes; undone: by userload undo. The job - (other producers) has no end and is always processing';
COMMENT ON COLUMN userload.job_status.reason IS 'stalled: gap (earlier messages are missing), key (pushed for another unique key), mode (another on-duplicate mode), partitions (an update job with another number of partitions was open), version (needs a newer userload); inconsistent: changed (the file changed while it was pushed), content (other content arrived than was pushed), sum (rows vanished on the way, e.g. in a trigger)';

UPDATE userload.settings SET schema_version = 8, revision = revision + 1;
