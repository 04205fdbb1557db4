-- What this database is to userload. The identity joins its own id with that of server and database, so that a copy by
-- pg_dump has another.
SELECT schema_version, revision, users_schema, users_table, array_to_string(key_fields, ','),
    encode(substr(sha256(convert_to(
        concat_ws('/', identity, (SELECT system_identifier FROM pg_control_system()),
            (SELECT oid FROM pg_database WHERE datname = current_database())), 'UTF8')), 1, 16), 'hex')
FROM userload.settings
