-- The rejects of job $1, and what tells each from the others.
SELECT partition, seq, kafka_offset, kafka_time, cluster, topic, line, form, bytes
FROM userload.rejects WHERE job = $1
