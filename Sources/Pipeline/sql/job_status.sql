-- $1 ids. The id and a JSON object a job, in the order asked for; times in milliseconds since 1970. The first rejects are taken from
-- the front of every partition, where those of the file must be: no sort of a million.
SELECT answer.uuid, to_json(answer) FROM (
    SELECT
        s.id AS uuid, s.id_text AS id, s.state, s.reason, s.label, s.file, s.size, s.host,
        s.lines, s.inserted, s.updated, s.duplicates, s.rejected, s.bytes, s.percent,
        extract(epoch FROM s.pushed_at) * 1000 AS "pushedAt",
        extract(epoch FROM s.pushed_again_at) * 1000 AS "pushedAgainAt",
        extract(epoch FROM s.completed_at) * 1000 AS "completedAt",
        extract(epoch FROM s.first_seen_at) * 1000 AS "firstSeenAt",
        extract(epoch FROM s.last_record_at) * 1000 AS "lastRecordAt",
        extract(epoch FROM clock_timestamp() - s.last_record_at) AS "lastRecordAge",
        extract(epoch FROM s.abandoned_at) * 1000 AS "abandonedAt",
        extract(epoch FROM s.undone_at) * 1000 AS "undoneAt",
        s.key_fields AS "keyFields", s.database_key_fields AS "databaseKeyFields", s.on_duplicate AS "onDuplicate",
        s.wire_version AS "wireVersion", s.format, s.delimiter,
        translate(encode(s.header, 'base64'), E'\n', '') AS header,
        s.options, s.again, s.content_hash AS "contentHash", s.partitions, s.partitions_ended AS "partitionsEnded",
        s.cluster, s.topic, s.conclusion, s.told_rejects AS "toldRejects", s.fixed, first.rejects AS "firstRejects"
    FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted(id, place)
    JOIN userload.job_status AS s ON s.id = wanted.id
    CROSS JOIN LATERAL (
        SELECT coalesce(json_agg(json_build_object(
                'line', r.line, 'partition', r.partition, 'kafkaOffset', r.kafka_offset, 'errors', r.errors)
                ORDER BY r.line, r.partition, r.kafka_offset), '[]') AS rejects
        FROM (
            (SELECT r.* FROM userload.progress AS p CROSS JOIN LATERAL (
                SELECT r.line, r.partition, r.kafka_offset, r.errors FROM userload.rejects AS r
                WHERE r.job = p.job AND r.partition = p.partition AND r.fixed_by IS NULL
                    AND r.job <> '00000000-0000-0000-0000-000000000000'
                ORDER BY r.seq LIMIT 5) AS r
             WHERE p.job = s.id AND p.rejected > 0 ORDER BY r.line LIMIT 5)
            UNION ALL
            (SELECT 0, r.partition, r.kafka_offset, r.errors FROM userload.rejects AS r
             WHERE s.id = '00000000-0000-0000-0000-000000000000'
                AND r.job = '00000000-0000-0000-0000-000000000000'
             ORDER BY r.cluster, r.topic, r.partition, r.kafka_offset LIMIT 5)
        ) AS r
    ) AS first
    ORDER BY wanted.place
) AS answer
