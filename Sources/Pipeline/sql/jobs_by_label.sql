-- $1 label. The latest push of that name first.
SELECT id FROM userload.jobs WHERE label = $1
ORDER BY coalesce(pushed_again_at, run_at) DESC, first_seen_at DESC, id
