-- Jobs of which something came, known by their id alone as yet. $1 cluster, $2 topic; by job: $3 id, $4 the same in
-- base32, $5 wire version
INSERT INTO userload.jobs AS j (id, id_text, wire_version, cluster, topic)
SELECT s.id, s.id_text, s.wire_version, $1, $2
FROM unnest($3::uuid[], $4::text[], $5::integer[]) AS s(id, id_text, wire_version) ORDER BY s.id
ON CONFLICT (id) DO UPDATE SET wire_version = EXCLUDED.wire_version
WHERE j.wire_version < EXCLUDED.wire_version
