"""File -> Kafka as a good engineer writes it in Python: parsed, keyed, idempotent. produce.py FILE TOPIC [schema]

With `schema` every message carries its schema, as Kafka Connect's JsonConverter wants it.
"""
import os
import sys

import confluent_kafka
import orjson

SCHEMA = orjson.dumps(
    {
        "type": "struct",
        "fields": [
            {"field": "name", "type": "string"},
            {"field": "age", "type": "int32"},
            {"field": "email", "type": "string"},
            {"field": "phone_number", "type": "string"},
        ],
    }
)


def main(path, topic, schema=None):
    failures = []
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": os.environ["KAFKA_BROKER"],
            "enable.idempotence": True,
            "compression.type": "lz4",
            "linger.ms": 5,
            "queue.buffering.max.messages": 100_000,
            "on_delivery": lambda error, message: error and failures.append(error),
        }
    )
    with open(path, "rb") as file:
        for line in file:
            person = orjson.loads(line)
            key = f"{person['name']}\0{person['age']}"
            value = line[:-1]
            if schema:
                person["phone_number"] = person.pop("phoneNumber")
                value = b'{"schema":' + SCHEMA + b',"payload":' + orjson.dumps(person) + b"}"
            while True:
                try:
                    producer.produce(topic, value, key)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
    producer.flush()
    if failures:
        raise SystemExit(f"{len(failures)} messages failed: {failures[0]}")


main(*sys.argv[1:])
