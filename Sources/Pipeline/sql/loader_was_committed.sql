-- Whether transaction $1 was committed, and what it wrote to the positions stands. $2 cluster, $3 topic; by partition:
-- $4 partition, $5 generation, $6 next offset as the transaction wrote them.
SELECT pg_xact_status($1::xid8) = 'committed'
    AND (SELECT count(*)
         FROM userload.positions AS p
         JOIN unnest($4::integer[], $5::integer[], $6::bigint[]) AS s(partition, generation, next_offset)
            USING (partition)
         WHERE p.cluster = $2 AND p.topic = $3
            AND (p.generation, p.next_offset) >= (s.generation, s.next_offset)) = cardinality($4::integer[])
