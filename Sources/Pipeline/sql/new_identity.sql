-- For a physical clone, which must not share its original's consumer group.
UPDATE userload.settings SET identity = gen_random_uuid(), revision = revision + 1
