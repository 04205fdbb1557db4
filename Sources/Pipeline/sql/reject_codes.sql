-- All rejects of a job by code, the most frequent first: how many rejects have it. $1 job.
SELECT e.code, count(*)
FROM userload.rejects AS r
CROSS JOIN LATERAL (SELECT DISTINCT error ->> 'code' AS code FROM jsonb_array_elements(r.errors) AS error) AS e
WHERE r.job = $1
GROUP BY e.code ORDER BY count(*) DESC, e.code COLLATE "C"
