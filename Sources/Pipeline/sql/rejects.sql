-- $1 job. In the order of the file; those of the job - in the order of Kafka.
SELECT line, byte_offset, length, form, bytes, errors, partition, kafka_offset
FROM userload.rejects WHERE job = $1
ORDER BY CASE WHEN job <> '00000000-0000-0000-0000-000000000000' THEN line END,
    cluster, topic, partition, kafka_offset, seq
