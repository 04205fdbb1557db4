-- How many runs prune would take. $1 for how many seconds they must have been over. The newest of each label and host stays,
-- whatever its age: it is the label's answer.
SELECT count(*) FROM (
    SELECT sent_at, row_number() OVER (PARTITION BY label, host ORDER BY sent_at DESC, started_at DESC, id) AS place
    FROM userload.runs
) AS r
WHERE r.place > 1 AND r.sent_at < clock_timestamp() - $1::double precision * interval '1 second'
