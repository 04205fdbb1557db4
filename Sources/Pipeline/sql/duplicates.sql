-- Keys that several rows share, the first ten; with the number of all such keys.
SELECT count(*), concat_ws(', ', :columns), count(*) OVER ()
FROM :users GROUP BY :columns HAVING count(*) > 1 ORDER BY :columns LIMIT 10
