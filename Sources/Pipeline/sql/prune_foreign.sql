-- Rejects of other producers. $1 for how many seconds they must have been there.
DELETE FROM userload.rejects
WHERE job = '00000000-0000-0000-0000-000000000000'
    AND created_at < clock_timestamp() - $1::double precision * interval '1 second'
