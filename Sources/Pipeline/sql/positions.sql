-- $1 cluster, $2 topic, $3 partitions
SELECT partition, generation, next_offset, anchor_offset, anchor_hash
FROM userload.positions WHERE cluster = $1 AND topic = $2 AND partition = ANY ($3::integer[])
ORDER BY partition
