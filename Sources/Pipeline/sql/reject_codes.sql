-- All rejects of a job by code, the most frequent first: how many rejects have it. $1 job, $2 whether those that
-- were fixed since count.
SELECT e.code, count(*)
FROM userload.rejects AS r
CROSS JOIN LATERAL (SELECT DISTINCT error ->> 'code' AS code FROM jsonb_array_elements(r.errors) AS error) AS e
WHERE r.job = $1 AND ($2::boolean OR r.fixed_by IS NULL)
GROUP BY e.code ORDER BY count(*) DESC, e.code COLLATE "C"
