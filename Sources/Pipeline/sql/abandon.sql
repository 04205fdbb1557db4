-- $1 id. Takes the job off the list of open ones until more of it comes.
UPDATE userload.jobs SET abandoned_at = clock_timestamp() WHERE id = $1 AND id <> '00000000-0000-0000-0000-000000000000'
