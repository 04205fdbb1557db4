-- Which jobs runs sent. $1 run, $2 job, $3 how many files of the run are this job. The rows are locked in one order.
INSERT INTO userload.run_jobs AS r (run, job, files)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS s(run, job, files) ORDER BY s.run, s.job
ON CONFLICT (run, job) DO UPDATE SET files = EXCLUDED.files WHERE r.files < EXCLUDED.files
