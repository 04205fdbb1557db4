-- Jobs that have rejects
SELECT j.id FROM userload.jobs AS j WHERE EXISTS (SELECT FROM userload.rejects AS r WHERE r.job = j.id) ORDER BY j.id
