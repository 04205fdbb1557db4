-- How many rejects of other producers prune would take: the job - never ends. $1 for how many seconds they must have been there.
SELECT count(*) FROM userload.rejects
WHERE job = '00000000-0000-0000-0000-000000000000'
    AND created_at < clock_timestamp() - $1::double precision * interval '1 second'
