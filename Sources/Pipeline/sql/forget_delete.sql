-- $1 job; by reject: $2 partition, $3 sequence number, $4 offset and $5 time in Kafka, $6 cluster, $7 topic
DELETE FROM userload.rejects AS r
USING unnest($2::integer[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
    AS gone(partition, seq, kafka_offset, kafka_time, cluster, topic)
WHERE r.job = $1 AND r.partition = gone.partition AND r.seq = gone.seq AND r.kafka_offset = gone.kafka_offset
    AND r.kafka_time = gone.kafka_time AND r.cluster = gone.cluster AND r.topic = gone.topic
