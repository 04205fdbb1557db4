-- What is wrong with a record reads as a sentence now, field first: "age is not a whole number".
--
--   psql --single-transaction -v ON_ERROR_STOP=1 -f 0006_reject_words.sql

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
    r.job
FROM userload.rejects AS r LEFT JOIN userload.jobs AS j ON j.id = r.job;

UPDATE userload.settings SET schema_version = 6, revision = revision + 1;
