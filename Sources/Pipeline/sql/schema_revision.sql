-- The revision of schema, key and identity; under the lock it stays.
SELECT revision FROM userload.settings
