-- What undoing a job would come to. $1 job. Rows it would delete, and rows that a later job updated, which stay.
SELECT count(*) FILTER (WHERE updated_by IS NULL OR updated_by = $1), count(*) FILTER (WHERE updated_by <> $1)
FROM :users WHERE job = $1
