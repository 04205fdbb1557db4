-- Jobs of which something came, known by their id alone as yet. $1 cluster, $2 topic; by job: $3 id, $4 the same in
-- base32, $5 wire version, $6 whether it was passed over because of another job's partitions
INSERT INTO userload.jobs AS j (id, id_text, wire_version, cluster, topic, waits_for_partitions)
SELECT s.id, s.id_text, s.wire_version, $1, $2, s.waits
FROM unnest($3::uuid[], $4::text[], $5::integer[], $6::boolean[]) AS s(id, id_text, wire_version, waits) ORDER BY s.id
ON CONFLICT (id) DO UPDATE
SET wire_version = greatest(j.wire_version, EXCLUDED.wire_version),
    waits_for_partitions = j.waits_for_partitions OR EXCLUDED.waits_for_partitions
WHERE j.wire_version < EXCLUDED.wire_version OR NOT j.waits_for_partitions AND EXCLUDED.waits_for_partitions
