-- The same where nobody may ask for the server's id. In its place the table's oid: a copy by pg_dump creates the table
-- again, among others and in another order. Two such copies in newly created servers may be alike.
SELECT encode(substr(sha256(convert_to(
    concat_ws('/', identity, 'userload.settings'::regclass::oid,
        (SELECT oid FROM pg_database WHERE datname = current_database())), 'UTF8')), 1, 16), 'hex')
FROM userload.settings
