-- Rejects of which only the beginning is kept. $1 job, $2 whether those that were fixed since count, $3 how
-- many. The last column counts all of them.
SELECT line, byte_offset, length, partition, kafka_offset, count(*) OVER ()
FROM userload.rejects WHERE job = $1 AND form = 'truncated' AND ($2::boolean OR fixed_by IS NULL)
ORDER BY line, partition, kafka_offset LIMIT $3
