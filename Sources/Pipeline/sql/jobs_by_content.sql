-- $1 content hash, $2 size. The latest push first.
SELECT id FROM userload.jobs WHERE content_hash = $1 AND size = $2
ORDER BY coalesce(pushed_again_at, run_at) DESC, first_seen_at DESC, id
