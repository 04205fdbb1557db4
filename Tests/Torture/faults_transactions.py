"""Transactions of another producer on the topic: open ones hold back its end, aborted ones leave offsets that no message has."""
import json
import os
import re
import subprocess

import people
import world
from invariants import FOREIGN, Breach
from rounds import ends, fault, finish, finish_push, injected, pushed

STALL = 3


class Producer:
    def __init__(self, lane):
        self.lane = lane
        command = [os.environ["KAFKA_PYTHON"], f"{world.HERE}/transactions.py", os.environ["KAFKA_BROKER"], lane.name]
        self.log = f"{lane.folder}/logs/transactions-{len(lane.programs)}.err"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        self.answered()

    def __enter__(self):
        return self

    def answered(self):
        if self.process.stdout.readline() != "done\n":
            with open(self.log) as log:
                raise SystemExit(f"transactions.py: {log.read()}")

    def ask(self, command):
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        self.answered()
        self.lane.tell(f"transaction: {command[:60]}")

    def send(self, count):
        """So many people; returns their records."""
        rng = self.lane.rng
        records = []
        for _ in range(count):
            self.lane.people.count += 1
            record = people.Record(b"", name=f"Foreign {self.lane.people.count}", age=rng.randrange(100))
            record.info["note"] = "in a transaction"
            value = json.dumps({"name": record.name, "age": record.age} | record.info)
            self.ask(f"send {rng.randrange(self.lane.partitions)} {value}")
            records.append(record)
        self.ask("flush")
        return records

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def ends_one_way(lane, producer, records):
    """Commits or aborts; what was committed is expected."""
    how = lane.rng.choice(["commit", "abort"])
    producer.ask(how)
    if how == "commit":
        for record in records:
            lane.table.insert(FOREIGN, record, "skip")


@fault("transaction-open", 6)
def transaction_open(lane):
    """Our messages lie behind it: a drain says so and gives up, and once the transaction ends all of it is loaded."""
    pushed(lane, 1)
    ends(lane, lane.drain(), 0, 1)
    with Producer(lane) as producer:
        producer.ask("begin")
        records = producer.send(lane.rng.randint(1, 8))
        pushed(lane)
        drain = lane.userload("work", "--drain", "--stall-timeout", f"{STALL}s")
        ends(lane, drain, 3, limit=STALL + 10)
        for words in (
            r"another producer's transaction is open at offset \d+; the \d+ offsets up to \d+ can be read once it ends",
            r"another producer's transaction is open and holds back the end of the log",
        ):
            if not re.search(words, drain.err):
                raise Breach("I7", words, drain.err)
        injected(lane, "transaction-open")
        waiting = lane.drain() if lane.rng.random() < 0.5 else None
        if waiting:
            waiting.runs_for(lane.rng.uniform(0.1, 1.5))
        ends_one_way(lane, producer, records)
        if waiting:
            ends(lane, waiting, 0, 1)
        injected(lane, "transaction-ended")
    finish(lane)


@fault("transactions-between", 8)
def transactions_between(lane):
    """Committed and aborted ones before, among and behind our messages, while they are pushed and loaded."""
    pushed(lane, 1)
    with Producer(lane) as producer:
        for _ in range(lane.rng.randint(2, 4)):
            job = lane.job()
            producer.ask("begin")
            records = producer.send(lane.rng.randint(1, 5))
            push = lane.push(job)
            records += producer.send(lane.rng.randint(1, 5))
            if lane.rng.random() < 0.5:
                ends(lane, push, 0)
            drain = lane.drain() if lane.rng.random() < 0.5 else None
            ends_one_way(lane, producer, records)
            ends(lane, push, 0)
            finish_push(lane, job)
            if drain:
                drain.runs_for(lane.rng.uniform(0, 0.3))
                drain.kill() if lane.rng.random() < 0.3 else ends(lane, drain, 0, 1, 3)
            injected(lane, "transactions-between")
    finish(lane)
