-- $1 the beginning of an id, in lower-case Crockford base32; $2 how many to look for
SELECT id FROM userload.jobs WHERE id_text LIKE $1 || '%' ORDER BY id LIMIT $2
