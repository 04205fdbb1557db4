-- $1 job
SELECT state FROM userload.job_status WHERE id = $1
