-- Grows with every change of schema, key or identity.
SELECT revision FROM userload.settings
