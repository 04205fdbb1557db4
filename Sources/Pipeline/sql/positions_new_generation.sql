-- $1 cluster, $2 topic, $3 partition, $4 and $5 generation and next offset as they must still be
UPDATE userload.positions
SET generation = generation + 1, next_offset = -1, anchor_offset = NULL, anchor_hash = NULL
WHERE cluster = $1 AND topic = $2 AND partition = $3 AND generation = $4 AND next_offset = $5
RETURNING partition, generation, next_offset, anchor_offset, anchor_hash
