-- Rejects of which only the beginning is kept. $1 job, $2 how many. The last column counts all of them.
SELECT line, byte_offset, length, partition, kafka_offset, count(*) OVER ()
FROM userload.rejects WHERE job = $1 AND form = 'truncated'
ORDER BY line, partition, kafka_offset LIMIT $2
