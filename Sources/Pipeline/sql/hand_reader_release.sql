-- $1 cluster, $2 topic, $3 who
UPDATE userload.hand_readers SET until = '-infinity' WHERE cluster = $1 AND topic = $2 AND holder = $3
