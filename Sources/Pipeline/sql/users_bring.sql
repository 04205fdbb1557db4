-- Sets a partitioned table that somebody made aside, until users_take.sql.
--   psql -v users=public.users -f users_bring.sql
ALTER TABLE :users RENAME TO userload_next;
