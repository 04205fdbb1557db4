-- A start marker of a later run of push. $1 id, $2 the run's time, in milliseconds since 1970
UPDATE userload.jobs SET pushed_again_at = to_timestamp($2::bigint / 1000.0)
WHERE id = $1 AND to_timestamp($2::bigint / 1000.0) > greatest(run_at, pushed_again_at)
