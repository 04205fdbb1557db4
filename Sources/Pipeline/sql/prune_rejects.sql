-- $1 jobs
DELETE FROM userload.rejects WHERE job = ANY ($1::uuid[])
