-- The runs whose start markers came. By run: $1 id, $2 host, $3 label, $4 files, $5 when it started, $6 its latest marker
-- by the broker's clock, both in milliseconds since 1970. No marker lies in the future: in a topic that takes the time from
-- the pusher it may claim any. The rows are locked in one order, and only those that change.
WITH sent AS (
    SELECT s.id, s.host, s.label, s.files, to_timestamp(s.started_at / 1000.0) AS started_at,
        least(to_timestamp(least(s.sent_at, 253402300799999) / 1000.0), clock_timestamp()) AS sent_at
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::bigint[])
        AS s(id, host, label, files, started_at, sent_at)
)
INSERT INTO userload.runs AS r (id, host, label, files, started_at, sent_at)
SELECT * FROM sent ORDER BY id
ON CONFLICT (id) DO UPDATE SET sent_at = EXCLUDED.sent_at WHERE r.sent_at < EXCLUDED.sent_at
