-- Puts a partitioned table, empty, in the place of the one that 0001_tables.sql made, with all that the latter had.
--   psql -v users=public.users -v next=public.userload_next -v table=users -v columns='age, name' -v key_fields='{name,age}' \
--     -f users_take.sql
DROP TABLE :users;
ALTER TABLE :next RENAME TO :table;
ALTER TABLE :users
    ALTER COLUMN name SET NOT NULL, ALTER COLUMN age SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL, ALTER COLUMN created_at SET DEFAULT now(),
    -- 0008_operation.sql adds it.
    DROP COLUMN IF EXISTS updated_by;
CREATE UNIQUE INDEX userload_key ON :users (:columns) NULLS NOT DISTINCT;
CREATE INDEX userload_foreign_ages ON :users (age) WHERE job IS NULL;
UPDATE userload.settings SET key_fields = :'key_fields';
