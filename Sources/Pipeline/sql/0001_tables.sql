-- The tables: people in a table of the user's choice, the bookkeeping in a schema of its own.
--
-- userload runs this itself; by hand, with users as a qualified name that does not exist yet:
--   psql --single-transaction -v ON_ERROR_STOP=1 -v users=public.users -f 0001_tables.sql

DO $$
BEGIN
    -- CREATE SCHEMA IF NOT EXISTS asks for the right to create before it looks.
    IF to_regnamespace('userload') IS NULL THEN
        CREATE SCHEMA userload;
    END IF;
END
$$;
COMMENT ON SCHEMA userload IS 'bookkeeping of userload, the loader of people: start with the views job_status, reject_list and age_groups';

-- No primary key on id: a second index would cost every row, and the key below already tells people apart.
-- CACHE: a session takes ids by the thousand (6 to 10 % of a load); gaps mean nothing.
CREATE TABLE :users (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1000),
    name text COLLATE "C" NOT NULL,
    age integer NOT NULL,
    email text COLLATE "C",
    phone_number text COLLATE "C",
    address jsonb,
    additional_info jsonb,
    job uuid,
    created_at timestamptz NOT NULL DEFAULT now()
);
-- Age first: equal names lie far apart, and a batch sorted by age touches neighbouring pages.
CREATE UNIQUE INDEX userload_key ON :users (age, name);
-- Rows that others wrote, for userload.age_counts; empty where only userload writes.
CREATE INDEX userload_foreign_ages ON :users (age) WHERE job IS NULL;
COMMENT ON TABLE :users IS 'people, loaded by userload; schema userload says which job brought whom';
COMMENT ON COLUMN :users.job IS 'userload.jobs.id of the load that brought the row; all zero: read from the topic, not pushed by userload; NULL: written by others. Leave it NULL in an INSERT of your own: the counts by age rest on it';
COMMENT ON COLUMN :users.address IS 'an object or a string, as it came';
COMMENT ON COLUMN :users.additional_info IS 'every other field of the record; its name is the whole name object, if that had more than firstName and lastName';

CREATE TABLE userload.settings (
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    schema_version integer NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    identity uuid NOT NULL DEFAULT gen_random_uuid(),
    users_schema text COLLATE "C" NOT NULL,
    users_table text COLLATE "C" NOT NULL,
    key_fields text[] COLLATE "C" NOT NULL DEFAULT '{name,age}',
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE userload.settings IS 'one row: what this database is to userload';
COMMENT ON COLUMN userload.settings.revision IS 'grows with every change of schema, key or identity; a batch of an older one is rolled back and read anew';
COMMENT ON COLUMN userload.settings.identity IS 'part of the Kafka consumer group''s name: one group per database';
COMMENT ON COLUMN userload.settings.key_fields IS 'fields of the unique key, in order; changed by userload migrate only';
INSERT INTO userload.settings (schema_version, users_schema, users_table)
SELECT 1, n.nspname, c.relname
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = :'users'::regclass;

-- A job is known by its id alone when records of it came, but no start marker: then the rest is NULL.
CREATE TABLE userload.jobs (
    id uuid PRIMARY KEY,
    id_text text COLLATE "C" NOT NULL,
    label text COLLATE "C",
    path text COLLATE "C",
    host text COLLATE "C",
    size bigint,
    content_hash text COLLATE "C",
    format text COLLATE "C",
    delimiter text COLLATE "C",
    header bytea,
    options text[],
    key_fields text[] COLLATE "C",
    on_duplicate text COLLATE "C",
    partitions integer,
    again boolean NOT NULL DEFAULT false,
    cluster text COLLATE "C",
    topic text COLLATE "C",
    wire_version integer NOT NULL DEFAULT 1,
    run_at timestamptz,
    pushed_again_at timestamptz,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    abandoned_at timestamptz
);
-- Not unique: the id is, and a second unique index makes two first batches of a job deadlock.
CREATE INDEX jobs_id_text ON userload.jobs (id_text);
CREATE INDEX jobs_label ON userload.jobs (label) WHERE label IS NOT NULL;
CREATE INDEX jobs_content ON userload.jobs (content_hash, size);
COMMENT ON TABLE userload.jobs IS 'a row a job (a file pushed once), as its first start marker described it; see the view job_status';
COMMENT ON COLUMN userload.jobs.id IS '128-bit hash of content, plan and label; all zero is the job -, messages of other producers';
COMMENT ON COLUMN userload.jobs.id_text IS 'the id in Crockford base32; its first 8 characters are the slug that push prints';
COMMENT ON COLUMN userload.jobs.content_hash IS 'XXH3 of the file''s bytes, hex';
COMMENT ON COLUMN userload.jobs.size IS 'bytes; NULL for a stream';
COMMENT ON COLUMN userload.jobs.header IS 'the CSV header row, as it came';
COMMENT ON COLUMN userload.jobs.options IS 'what to type after userload push to push it again';
COMMENT ON COLUMN userload.jobs.run_at IS 'when push was started, by the pusher''s clock';
COMMENT ON COLUMN userload.jobs.pushed_again_at IS 'the latest later run of push with the same content';

CREATE TABLE userload.progress (
    job uuid NOT NULL,
    partition integer NOT NULL,
    last_seq bigint NOT NULL DEFAULT -1,
    passed_over bigint NOT NULL DEFAULT -1,
    records bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    digest bigint NOT NULL DEFAULT 0,
    inserted bigint NOT NULL DEFAULT 0,
    updated bigint NOT NULL DEFAULT 0,
    duplicates bigint NOT NULL DEFAULT 0,
    rejected bigint NOT NULL DEFAULT 0,
    end_seq bigint,
    end_records bigint,
    end_digest bigint,
    ended_at timestamptz,
    broken boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE userload.progress IS 'how far each job is in each partition of the topic; changed in the transaction of the rows';
COMMENT ON COLUMN userload.progress.last_seq IS 'sequence number applied last: -1 nothing, 0 the start marker, 1… records, then the end marker';
COMMENT ON COLUMN userload.progress.passed_over IS 'highest sequence number seen that could not be applied; -1 none';
COMMENT ON COLUMN userload.progress.bytes IS 'source bytes of the records, without line ends';
COMMENT ON COLUMN userload.progress.digest IS 'chained XXH3 of the records applied; must come to end_digest';
COMMENT ON COLUMN userload.progress.end_seq IS 'sequence number of the last record, as the end marker says; NULL: no end marker yet';
COMMENT ON COLUMN userload.progress.broken IS 'the file changed while it was pushed';

CREATE TABLE userload.rejects (
    job uuid NOT NULL,
    partition integer NOT NULL,
    seq bigint NOT NULL,
    line bigint NOT NULL,
    byte_offset bigint NOT NULL,
    length bigint NOT NULL,
    form text COLLATE "C" NOT NULL CHECK (form IN ('raw', 'truncated', 'json')),
    bytes bytea NOT NULL,
    errors jsonb NOT NULL,
    cluster text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    kafka_offset bigint NOT NULL,
    kafka_time bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX rejects_key ON userload.rejects (job, partition, seq)
    WHERE job <> '00000000-0000-0000-0000-000000000000';
CREATE UNIQUE INDEX rejects_foreign_key ON userload.rejects (cluster, topic, partition, kafka_offset, kafka_time)
    WHERE job = '00000000-0000-0000-0000-000000000000';
COMMENT ON TABLE userload.rejects IS 'records that were not loaded, with their original bytes; see the view reject_list';
COMMENT ON COLUMN userload.rejects.line IS 'physical line of the file where the record starts; of no meaning for the job -, see partition and kafka_offset';
COMMENT ON COLUMN userload.rejects.length IS 'bytes of the original record; bytes holds the first 64 KiB of a truncated one';
COMMENT ON COLUMN userload.rejects.form IS 'raw: the original bytes; truncated: their beginning; json: the record as JSON, refused by Postgres';
COMMENT ON COLUMN userload.rejects.errors IS 'all that is wrong with it: a list of field, code, message';
COMMENT ON COLUMN userload.rejects.kafka_time IS 'the message''s timestamp in milliseconds since 1970; -1 none';

CREATE TABLE userload.positions (
    cluster text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    generation integer NOT NULL DEFAULT 1,
    next_offset bigint NOT NULL DEFAULT -1,
    anchor_offset bigint,
    anchor_hash bigint,
    ages bigint[] NOT NULL DEFAULT array_fill(0::bigint, ARRAY[151]) CHECK (cardinality(ages) = 151),
    PRIMARY KEY (cluster, topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE userload.positions IS 'how far each partition was read; changed in the transaction of the rows, the offsets in Kafka follow';
COMMENT ON COLUMN userload.positions.generation IS 'grows when the topic turns out to be another than before: made anew, or cut';
COMMENT ON COLUMN userload.positions.next_offset IS 'the offset to read next; -1: the beginning of the log';
COMMENT ON COLUMN userload.positions.anchor_offset IS 'a message taken earlier, by whose hash the topic is known again';
COMMENT ON COLUMN userload.positions.ages IS 'rows inserted, by age 0 to 150 (the first element is age 0); see the view age_counts';
