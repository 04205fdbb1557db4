-- The errors of jobs' first rejects by code, the most frequent first, each with its first lines: a row a line.
-- $1 jobs; $2 how many rejects of each are looked at, for a million take seconds; $3 how many codes are told, $4 how many
-- lines of each, $5 how many bytes of their records, $6 errors of a record.
-- Of a file the first ones are taken from the front of every partition, in equal shares; where these are not all, up to
-- the line that every share reaches: no reject before it is left out, but those that were fixed since.
SELECT w.id, e.code, e.count, e.rejects, e.codes, e.line, e.partition, e.kafka_offset, e.field, e.message, e.form, e.bytes
FROM unnest($1::uuid[]) AS w(id) CROSS JOIN LATERAL (
    WITH share AS (
        SELECT CASE WHEN sum(rejected) <= $2::bigint THEN $2::bigint ELSE ceil($2::numeric / count(*)) END::bigint AS rows
        FROM userload.progress WHERE job = w.id AND rejected > 0
    ), front AS (
        SELECT r.line AS place, r.partition, r.kafka_offset, r.errors, r.address
        FROM userload.progress AS p CROSS JOIN LATERAL (
            -- Two limits: the second is not known when the plan is made, and by the first alone nothing is compiled.
            SELECT * FROM (
                SELECT r.*, r.ctid AS address FROM userload.rejects AS r
                WHERE r.job = p.job AND r.partition = p.partition AND r.fixed_by IS NULL
                    AND r.job <> '00000000-0000-0000-0000-000000000000'
                ORDER BY r.seq LIMIT $2::bigint) AS r
            LIMIT (SELECT rows FROM share)) AS r
        WHERE p.job = w.id AND p.rejected > 0
        UNION ALL
        SELECT row_number() OVER (), r.partition, r.kafka_offset, r.errors, r.address
        FROM (
            SELECT r.*, r.ctid AS address FROM userload.rejects AS r
            WHERE w.id = '00000000-0000-0000-0000-000000000000' AND r.job = '00000000-0000-0000-0000-000000000000'
            ORDER BY r.cluster, r.topic, r.partition, r.kafka_offset LIMIT $2::bigint) AS r
    ), listed AS MATERIALIZED (
        SELECT f.place, f.partition, f.kafka_offset, f.address, e.number, e.error ->> 'code' COLLATE "C" AS code
        FROM front AS f CROSS JOIN LATERAL (
            SELECT * FROM jsonb_array_elements(f.errors) WITH ORDINALITY AS e(error, number) LIMIT $6::bigint) AS e
    ), found AS MATERIALIZED (
        SELECT * FROM listed
        WHERE w.id = '00000000-0000-0000-0000-000000000000' OR place <= coalesce(
            (SELECT min(last) FROM (
                SELECT max(place) AS last FROM listed WHERE number = 1
                GROUP BY partition HAVING count(*) >= (SELECT rows FROM share)
            ) AS filled), 9223372036854775807)
    ), codes AS (
        SELECT code, count(*) AS count, row_number() OVER (ORDER BY count(*) DESC, min(place), code) AS rank
        FROM found GROUP BY code
    ), told AS (
        SELECT c.code, c.count, c.rank, l.line_number, l.address, l.number
        FROM codes AS c JOIN (
            SELECT *, row_number() OVER (PARTITION BY code ORDER BY place, kafka_offset, number) AS line_number FROM found
        ) AS l ON l.code = c.code
        WHERE c.rank <= $3::bigint AND l.line_number <= $4::bigint
        ORDER BY c.rank, l.line_number LIMIT $3::bigint * $4::bigint
    )
    SELECT t.code, t.count, (SELECT count(*) FROM found WHERE number = 1) AS rejects,
        (SELECT count(*) FROM codes) AS codes, r.line, r.partition, r.kafka_offset, e.error ->> 'field' AS field,
        e.error ->> 'message' AS message, r.form, substr(r.bytes, 1, $5::integer) AS bytes, t.rank, t.line_number
    FROM told AS t
    JOIN userload.rejects AS r ON r.ctid = t.address
    CROSS JOIN LATERAL (SELECT r.errors -> (t.number - 1)::integer AS error) AS e
) AS e
ORDER BY w.id, e.rank, e.line_number
