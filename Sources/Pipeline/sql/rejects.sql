-- $1 job, $2 whether those that were fixed since are wanted, too. In the order of the file; those of the job - in the order of Kafka.
SELECT line, byte_offset, length, form, bytes, errors, partition, kafka_offset, seq, fixed_by IS NOT NULL
FROM userload.rejects WHERE job = $1 AND ($2::boolean OR fixed_by IS NULL)
ORDER BY CASE WHEN job <> '00000000-0000-0000-0000-000000000000' THEN line END,
    cluster, topic, partition, kafka_offset, seq
