-- One of the partitions of the table that users_partitioned.sql made.
--   psql -v next=public.userload_next -v partition=public.users_p0 -v count=2 -v number=0 -f users_partition.sql
CREATE TABLE :partition PARTITION OF :next FOR VALUES WITH (MODULUS :count, REMAINDER :number);
