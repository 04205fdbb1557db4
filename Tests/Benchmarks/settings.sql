-- The server's settings for a measurement: Debian's defaults but for these. They hold for both sides of a ratio.
ALTER SYSTEM SET shared_buffers = '1GB';
ALTER SYSTEM SET max_wal_size = '8GB';
ALTER SYSTEM SET checkpoint_timeout = '30min';
-- A vacuum in the middle of one run and not of the other would be noise.
ALTER SYSTEM SET autovacuum = off;
