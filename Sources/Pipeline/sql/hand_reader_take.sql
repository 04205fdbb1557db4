-- Takes or renews the lease of those that read a topic by hand, if nobody else has it: one row, or none.
-- $1 cluster, $2 topic, $3 who, $4 milliseconds until others may take it
INSERT INTO userload.hand_readers AS h (cluster, topic, holder, until)
VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 millisecond')
ON CONFLICT (cluster, topic) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE h.holder = excluded.holder OR h.until < clock_timestamp()
RETURNING true
