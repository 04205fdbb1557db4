-- A person was told of so many rejects. By job: $1 id, $2 how many. The rows are locked in one order, those that change.
WITH told AS MATERIALIZED (
    SELECT j.id, t.rejects FROM userload.jobs AS j JOIN unnest($1::uuid[], $2::bigint[]) AS t(id, rejects) USING (id)
    WHERE j.told_rejects < t.rejects ORDER BY j.id FOR UPDATE OF j
)
UPDATE userload.jobs AS j SET told_rejects = t.rejects FROM told AS t WHERE j.id = t.id
