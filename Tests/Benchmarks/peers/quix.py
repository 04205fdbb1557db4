"""Kafka -> Postgres by Quix Streams' own sink, at its quickest safe settings: quix.py TOPIC PEOPLE"""
import os
import sys

import quixstreams
from quixstreams.sinks.community.postgresql import PostgreSQLSink


def columns(person):
    return {
        "name": person["name"],
        "age": person["age"],
        "email": person["email"],
        "phone_number": person["phoneNumber"],
    }


def main(topic, people):
    application = quixstreams.Application(
        broker_address=os.environ["KAFKA_BROKER"],
        consumer_group=f"quix-{os.environ['DB_NAME']}-{os.getpid()}",
        auto_offset_reset="earliest",
        commit_every=50_000,
        commit_interval=60,
        auto_create_topics=False,
    )
    sink = PostgreSQLSink(
        host=os.environ["DB_HOST"],
        port=int(os.environ["DB_PORT"]),
        dbname=os.environ["DB_NAME"],
        user=os.environ["DB_USER"],
        password=os.environ["DB_PASSWORD"],
        table_name="users",
        schema_auto_update=False,
        include_metadata=False,
        on_conflict_do_nothing=True,
    )
    application.dataframe(application.topic(topic, value_deserializer="json")).apply(columns).sink(sink)
    application.run(count=int(people))


main(*sys.argv[1:])
