"""Another producer with transactions, driven by lines on standard input; run by a Python that has confluent-kafka.

transactions.py BROKER TOPIC; commands, each answered with the line "done": begin, send PARTITION JSON, flush, commit, abort.
"""
import sys

import confluent_kafka


def main(broker, topic):
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": broker, "transactional.id": f"torture {topic}", "transaction.timeout.ms": 600_000})  # fmt: skip
    producer.init_transactions(30)
    print("done", flush=True)
    for line in sys.stdin:
        command, _, rest = line.strip().partition(" ")
        if command == "begin":
            producer.begin_transaction()
        elif command == "send":
            partition, _, value = rest.partition(" ")
            producer.produce(topic, value.encode(), partition=int(partition))
        elif command == "flush":
            if producer.flush(30):
                sys.exit("messages are left after 30 s")
        elif command == "commit":
            producer.commit_transaction(30)
        elif command == "abort":
            producer.abort_transaction(30)
        print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
