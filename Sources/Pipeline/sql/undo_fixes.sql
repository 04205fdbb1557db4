-- Rejects that a job had fixed are to be fixed again. $1 job.
UPDATE userload.rejects SET fixed_by = NULL, fixed_at = NULL WHERE fixed_by = $1
