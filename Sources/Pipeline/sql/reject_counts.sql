-- How many rejects of a job there are. $1 job, $2 whether those that were fixed since count.
SELECT count(*) FROM userload.rejects WHERE job = $1 AND ($2::boolean OR fixed_by IS NULL)
