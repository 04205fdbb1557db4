-- The rows inserted, by age. $1 cluster, $2 topic, $3 partition, $4 counts of the ages 0 to 150
UPDATE userload.positions SET ages = userload.add_ages(ages, $4::bigint[])
WHERE cluster = $1 AND topic = $2 AND partition = $3
