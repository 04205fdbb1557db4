-- For the consumer group's name: the database's own id, joined with that of server and database, so that a copy by pg_dump has
-- another.
SELECT encode(substr(sha256(convert_to(
    concat_ws('/', identity, (SELECT system_identifier FROM pg_control_system()),
        (SELECT oid FROM pg_database WHERE datname = current_database())), 'UTF8')), 1, 16), 'hex')
FROM userload.settings
