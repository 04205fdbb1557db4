-- A table like the one that 0001_tables.sql made, to be partitioned; users_take.sql puts it in its place.
--   psql -v users=public.users -v next=public.userload_next -f users_partitioned.sql
CREATE TABLE :next (LIKE :users INCLUDING ALL EXCLUDING INDEXES) PARTITION BY HASH (name);
