-- $1 cluster, $2 topic, $3 partitions; in one order, so that two workers that start never wait for each other in a ring
INSERT INTO userload.positions (cluster, topic, partition)
SELECT $1, $2, partition FROM unnest($3::integer[]) AS p(partition) ORDER BY partition
ON CONFLICT DO NOTHING
