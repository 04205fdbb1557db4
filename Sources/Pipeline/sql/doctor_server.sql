-- The server behind a connection: which of its processes answers, whether it takes writes, and its clock in milliseconds
-- since 1970.
SELECT pg_backend_pid(), pg_is_in_recovery(), extract(epoch FROM clock_timestamp()) * 1000,
    current_setting('server_version')
