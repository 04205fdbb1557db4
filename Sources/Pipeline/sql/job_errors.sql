-- The errors of a job's first rejects by code, the most frequent first, each with its first lines: a row a line.
-- $1 job; $2 how many rejects are looked at, for a million take seconds; $3 how many codes are told, $4 how many lines of
-- each, $5 how many bytes of their records.
-- Of a file the first ones are taken from the front of every partition, in equal shares; where these are not all, up to
-- the line that every share reaches: no reject before it is left out.
WITH share AS (
    SELECT CASE WHEN sum(rejected) <= $2::bigint THEN $2::bigint ELSE ceil($2::numeric / count(*)) END::bigint AS rows
    FROM userload.progress WHERE job = $1::uuid AND rejected > 0
), front AS MATERIALIZED (
    SELECT r.line AS place, r.line, r.partition, r.kafka_offset, r.form, r.bytes, r.errors
    FROM userload.progress AS p CROSS JOIN LATERAL (
        SELECT * FROM userload.rejects AS r
        WHERE r.job = p.job AND r.partition = p.partition AND r.job <> '00000000-0000-0000-0000-000000000000'
        ORDER BY r.seq LIMIT (SELECT rows FROM share)) AS r
    WHERE p.job = $1::uuid AND p.rejected > 0
    UNION ALL
    SELECT row_number() OVER (), r.line, r.partition, r.kafka_offset, r.form, r.bytes, r.errors
    FROM (
        SELECT * FROM userload.rejects AS r
        WHERE $1::uuid = '00000000-0000-0000-0000-000000000000' AND r.job = '00000000-0000-0000-0000-000000000000'
        ORDER BY r.cluster, r.topic, r.partition, r.kafka_offset LIMIT $2::bigint) AS r
), looked AS MATERIALIZED (
    SELECT *, count(*) OVER () AS rejects FROM front
    WHERE $1::uuid = '00000000-0000-0000-0000-000000000000' OR place <= coalesce(
        (SELECT min(last) FROM (
            SELECT max(place) AS last FROM front GROUP BY partition HAVING count(*) >= (SELECT rows FROM share)
        ) AS filled), 9223372036854775807)
), found AS (
    SELECT e.code, e.field, e.message, l.*,
        row_number() OVER (PARTITION BY e.code ORDER BY l.place, l.kafka_offset, e.number) AS number,
        count(*) OVER (PARTITION BY e.code) AS count, min(l.place) OVER (PARTITION BY e.code) AS first
    FROM looked AS l
    CROSS JOIN LATERAL ROWS FROM (
        jsonb_to_recordset(l.errors) AS (field text, code text, message text)
    ) WITH ORDINALITY AS e(field, code, message, number)
), told AS (
    SELECT *, dense_rank() OVER (ORDER BY count DESC, first, code) AS rank FROM found WHERE number <= $4::bigint
)
SELECT code, count, rejects, (SELECT max(rank) FROM told), line, partition, kafka_offset, field, message, form,
    substr(bytes, 1, $5::integer)
FROM told WHERE rank <= $3::bigint
ORDER BY rank, number
