-- Jobs that hold up one that updates, oldest first. $1 cluster, $2 topic, $3 its number of partitions, $4 how many at most.
SELECT slug, file, state, partitions FROM userload.open_updates
WHERE cluster = $1 AND topic = $2 AND partitions <> $3 ORDER BY first_seen_at, id LIMIT $4
