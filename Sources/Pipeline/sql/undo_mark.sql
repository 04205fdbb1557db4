-- $1 job
UPDATE userload.jobs SET undone_at = clock_timestamp() WHERE id = $1
