-- Rejects. One that is there already (progress was deleted, or the topic is read again for the job) stays as it is.
-- $1 cluster, $2 topic; by reject: $3 job, $4 partition, $5 sequence number, $6 line, $7 byte offset, $8 length, $9 form,
-- $10 bytes, $11 errors, $12 offset and $13 time in Kafka
INSERT INTO userload.rejects (
    job, partition, seq, line, byte_offset, length, form, bytes, errors, cluster, topic, kafka_offset, kafka_time)
SELECT job, partition, seq, line, byte_offset, length, form, bytes, errors::jsonb, $1, $2, kafka_offset, kafka_time
FROM unnest(
    $3::uuid[], $4::integer[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::bytea[],
    $11::text[], $12::bigint[], $13::bigint[])
    AS r(job, partition, seq, line, byte_offset, length, form, bytes, errors, kafka_offset, kafka_time)
ON CONFLICT DO NOTHING
