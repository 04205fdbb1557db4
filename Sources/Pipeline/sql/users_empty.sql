-- Whether a table that somebody brought has rows: one row, or none.
--   psql -v next=public.userload_next -f users_empty.sql
SELECT FROM :next LIMIT 1
