-- Start markers of later runs of push. By job: $1 id, $2 the run's time, in milliseconds since 1970. The rows are locked
-- in one order, and only those that change.
WITH later AS MATERIALIZED (
    SELECT j.id, to_timestamp(s.time / 1000.0) AS time
    FROM userload.jobs AS j JOIN unnest($1::uuid[], $2::bigint[]) AS s(id, time) USING (id)
    WHERE to_timestamp(s.time / 1000.0) > greatest(j.run_at, j.pushed_again_at)
    ORDER BY j.id FOR UPDATE OF j
)
UPDATE userload.jobs AS j SET pushed_again_at = l.time FROM later AS l WHERE j.id = l.id
