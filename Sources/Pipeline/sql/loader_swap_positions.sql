-- Moves the positions of a batch's partitions, all or too few. $1 cluster, $2 topic, $3 revision of the settings;
-- by partition: $4 partition, $5 generation and $6 next offset as they must still be, $7 next offset,
-- $8 and $9 anchor (NULL keeps the one there is).
--
-- The rows are locked in one order. A row that somebody else changed while we waited for it is compared as it is then.
WITH steps AS (
    SELECT * FROM unnest($4::integer[], $5::integer[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
        AS s(partition, generation, expected_offset, next_offset, anchor_offset, anchor_hash)
), locked AS MATERIALIZED (
    SELECT p.partition FROM userload.positions AS p
    WHERE p.cluster = $1 AND p.topic = $2 AND p.partition = ANY ($4::integer[])
    ORDER BY p.partition FOR UPDATE
)
UPDATE userload.positions AS p
SET next_offset = s.next_offset,
    anchor_offset = coalesce(s.anchor_offset, p.anchor_offset),
    anchor_hash = CASE WHEN s.anchor_offset IS NULL THEN p.anchor_hash ELSE s.anchor_hash END
FROM locked JOIN steps AS s USING (partition)
WHERE p.cluster = $1 AND p.topic = $2 AND p.partition = s.partition
    AND p.generation = s.generation AND p.next_offset = s.expected_offset
    AND EXISTS (SELECT FROM userload.settings WHERE revision = $3)
