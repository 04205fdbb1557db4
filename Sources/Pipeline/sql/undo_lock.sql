-- Keeps batches away from a job until the end of the transaction. $1 job.
SELECT FROM userload.progress WHERE job = $1 ORDER BY partition FOR UPDATE
