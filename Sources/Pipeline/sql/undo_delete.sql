-- Takes back what a job inserted, but rows that another one updated since. $1 job.
DELETE FROM :users WHERE job = $1 AND (updated_by IS NULL OR updated_by = $1)
