-- Counts the records of a batch by what was done with them. By job and partition: $1 job, $2 partition, $3 inserted,
-- $4 duplicates, $5 rejected, $6 updated
UPDATE userload.progress AS p
SET inserted = p.inserted + s.inserted, duplicates = p.duplicates + s.duplicates, rejected = p.rejected + s.rejected,
    updated = p.updated + s.updated
FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
    AS s(job, partition, inserted, duplicates, rejected, updated)
WHERE p.job = s.job AND p.partition = s.partition
