-- Who reads a topic without the consumer group: one drain or load at a time.
--
--   psql --single-transaction -v ON_ERROR_STOP=1 -f 0007_hand_readers.sql

CREATE TABLE userload.hand_readers (
    cluster text NOT NULL,
    topic text NOT NULL,
    holder uuid NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (cluster, topic)
);
COMMENT ON TABLE userload.hand_readers IS 'which drain or load reads a topic, so that two do not do the same work; nothing depends on it';
COMMENT ON COLUMN userload.hand_readers.holder IS 'a number of its own for each process and session';
COMMENT ON COLUMN userload.hand_readers.until IS 'when others may take over; renewed every second';

UPDATE userload.settings SET schema_version = 7, revision = revision + 1;
