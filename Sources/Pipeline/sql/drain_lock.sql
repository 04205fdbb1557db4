-- Takes the lock of those that read a topic by hand, until the end of the transaction, if nobody else has it.
-- $1 cluster, $2 topic
SELECT pg_try_advisory_xact_lock(hashtextextended('userload drain ' || $1 || ' ' || $2, 0))
