-- How many rejects of a job there are. $1 job.
SELECT count(*) FROM userload.rejects WHERE job = $1
