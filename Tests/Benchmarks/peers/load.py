"""Kafka -> Postgres as a good engineer writes it in Python: load.py TOPIC PEOPLE

confluent-kafka in batches, orjson on a joined batch, COPY into a staging table, ON CONFLICT DO NOTHING, offsets in the
same transaction (so exactly once), reading and writing in two threads. Ends after PEOPLE messages.
"""
import os
import queue
import sys
import threading

import confluent_kafka
import orjson
import psycopg

BATCH = 50_000
SETUP = """
CREATE TABLE IF NOT EXISTS peer_offsets (topic text, partition int, next bigint, PRIMARY KEY (topic, partition));
CREATE TEMP TABLE staging (name text, age int, email text, phone_number text) ON COMMIT DELETE ROWS
"""
COPY = "COPY staging FROM STDIN"
INSERT = """
INSERT INTO users (name, age, email, phone_number) SELECT * FROM staging ORDER BY age, name ON CONFLICT DO NOTHING
"""
OFFSETS = """
INSERT INTO peer_offsets VALUES (%s, %s, %s) ON CONFLICT (topic, partition) DO UPDATE SET next = excluded.next
"""


def escaped(text):
    if "\\" in text or "\t" in text or "\n" in text or "\r" in text:
        return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return text


def write(batches, topic):
    with psycopg.connect("", autocommit=True) as connection:
        connection.execute(SETUP)
        while batch := batches.get():
            values, offsets = batch
            people = orjson.loads(b"[" + b",".join(values) + b"]")
            text = "".join(
                f"{escaped(p['name'])}\t{int(p['age'])}\t{escaped(p['email'])}\t{escaped(p['phoneNumber'])}\n"
                for p in people
            )
            with connection.transaction(), connection.cursor() as cursor:
                with cursor.copy(COPY) as copy:
                    copy.write(text)
                cursor.execute(INSERT)
                cursor.executemany(OFFSETS, [(topic, partition, next) for partition, next in offsets.items()])


def main(topic, people):
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": os.environ["KAFKA_BROKER"],
            "group.id": f"peer-{os.environ['DB_NAME']}-{topic}-{os.getpid()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    batches = queue.Queue(2)
    writer = threading.Thread(target=write, args=(batches, topic))
    writer.start()
    left = int(people)
    while left > 0:
        values, offsets = [], {}
        while len(values) < BATCH and left > 0:
            for message in consumer.consume(10_000, 0.2):
                if message.error():
                    raise SystemExit(message.error())
                values.append(message.value())
                offsets[message.partition()] = message.offset() + 1
                left -= 1
        batches.put((values, offsets))
    batches.put(None)
    writer.join()
    consumer.close()


main(*sys.argv[1:])
