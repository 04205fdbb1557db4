-- A unique key for the table of people: another one, or the same again where its index is gone. Fails, and changes
-- nothing, if several rows share one.
--
--   psql --single-transaction -v ON_ERROR_STOP=1 -v users=public.users -v schema=public \
--     -v columns='age, name, email' -v key_fields='{name,age,email}' -v old=userload_key -f key_change.sql
CREATE UNIQUE INDEX userload_key_next ON :users (:columns) NULLS NOT DISTINCT;
DROP INDEX IF EXISTS :schema.:old;
ALTER INDEX :schema.userload_key_next RENAME TO userload_key;
UPDATE userload.settings SET key_fields = :'key_fields', revision = revision + 1;
