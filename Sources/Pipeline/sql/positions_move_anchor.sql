-- $1 cluster, $2 topic, $3 partition, $4 and $5 generation and next offset as they must still be, $6 and $7 the anchor
UPDATE userload.positions SET anchor_offset = $6, anchor_hash = $7
WHERE cluster = $1 AND topic = $2 AND partition = $3 AND generation = $4 AND next_offset = $5
