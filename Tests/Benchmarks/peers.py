"""The same people through other tools, each at its best known settings: their rows, beside psql \\copy and userload."""
import os
import subprocess
import sys
import time

import reading
import rows as standard
import world

PACKAGES = ["confluent-kafka", "psycopg[binary]", "orjson", "quixstreams", "psycopg2-binary", "duckdb"]
SHAPE = "jsonl"


def python():
    """A Python with the peers' packages, made once."""
    path = f"{world.WORK}/python"
    if not os.path.exists(path):
        subprocess.run([sys.executable, "-m", "venv", path], check=True)
        subprocess.run([f"{path}/bin/pip", "install", "--quiet", *PACKAGES], check=True)
    return f"{path}/bin/python"


class Peer(standard.Row):
    """Kafka -> Postgres; `schema`: messages carry their schema. Counted, like ours, by rows in the table."""

    schema = ()

    def prepare(self):
        super().prepare()
        self.python = python()
        self.topic = "_".join(["filled_plain", *self.schema])
        if self.topic not in world.check(topics("--list")).split():
            standard.create_topic(self.topic)
            self.produce(self.topic)

    def produce(self, topic):
        subprocess.run(
            [self.python, f"{world.HERE}/peers/produce.py", self.path, topic, *self.schema], check=True
        )

    def act(self, meter, database, topic):
        for variable, ours in [("HOST", "HOST"), ("PORT", "PORT"), ("USER", "USER"), ("DATABASE", "NAME")]:
            meter.environment[f"PG{variable}"] = meter.environment[f"DB_{ours}"]
        meter.start()
        self.consume(meter, database, topic)
        meter.stop()
        found = int(world.psql(database, "SELECT count(*) FROM users"))
        world.expect(self.name, found, self.inserted)


class PythonLoad(Peer):
    def consume(self, meter, database, topic):
        script = f"{world.HERE}/peers/load.py"
        meter.run(self.python, script, self.topic, str(self.inserted), name="Python load")


class PythonWhole(Peer):
    """Producer and consumer at the same time."""

    def act(self, meter, database, topic):
        standard.create_topic(topic)
        super().act(meter, database, topic)

    def consume(self, meter, database, topic):
        peers = f"{world.HERE}/peers"
        producer = meter.spawn(self.python, f"{peers}/produce.py", self.path, topic, log=f"{world.WORK}/produce.log")
        meter.run(self.python, f"{peers}/load.py", topic, str(self.inserted), name="Python load")
        meter.finish(producer, "Python produce")


class Quix(Peer):
    def consume(self, meter, database, topic):
        script = f"{world.HERE}/peers/quix.py"
        meter.run(self.python, script, self.topic, str(self.inserted), name="Quix Streams")


class Debezium(Peer):
    schema = ("schema",)

    def consume(self, meter, database, topic):
        environment = meter.environment
        connect = f"{world.WORK}/connect"
        os.makedirs(connect, exist_ok=True)
        name = f"{database}-{topic}"
        worker = properties(
            "worker",
            f"{connect}/worker.properties",
            {
                "bootstrap.servers": environment["KAFKA_BROKER"],
                "plugin.path": f"{environment['KAFKA_HOME']}/connect/plugins",
                "offset.storage.file.filename": f"{connect}/{name}.offsets",
                "listeners": "http://127.0.0.1:0",
            },
        )
        connector = properties(
            "debezium",
            f"{connect}/debezium.properties",
            {
                "name": name,
                "topics": self.topic,
                "connection.url": f"jdbc:postgresql://{environment['DB_HOST']}:{environment['DB_PORT']}/{database}",
                "connection.username": environment["DB_USER"],
                "connection.password": environment["DB_PASSWORD"],
            },
        )
        command = f"{environment['KAFKA_HOME']}/bin/connect-standalone.sh"
        process = meter.spawn(command, worker, connector, log=f"{world.WORK}/connect.log")
        try:
            # It never ends by itself: until the rows are there. The count costs Postgres little beside the load.
            deadline = time.monotonic() + 600
            while int(world.psql(database, "SELECT count(*) FROM users")) < self.inserted:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"Kafka Connect did not load everything; see {world.WORK}/connect.log")
                time.sleep(0.5)
        finally:
            if process.poll() is None:
                process.terminate()
                meter.finish(process, "Kafka Connect", codes=(0, 143, -15))


class Pgloader(Peer):
    """file -> Postgres, without Kafka."""

    def prepare(self):
        super(Peer, self).prepare()
        self.python = None

    def consume(self, meter, database, topic):
        address = {name: meter.environment[f"DB_{name}"] for name in ("USER", "HOST", "PORT")}
        script = f"{world.WORK}/people.load"
        with open(script, "w") as file:
            file.write(
                f"LOAD CSV FROM '{self.path}' (name, age, email, phone_number)\n"
                f"INTO postgresql://{address['USER']}@{address['HOST']}:{address['PORT']}/{database}\n"
                "TARGET TABLE public.users (name, age, email, phone_number)\n"
                "WITH skip header = 1, fields terminated by ',', batch rows = 50000, prefetch rows = 100000;\n"
            )
        meter.run("pgloader", script, name="pgloader", log=f"{world.WORK}/pgloader.log")


class DuckDB(reading.Reading):
    """Name and age only, checked by SQL."""

    def prepare(self):
        self.python = python()
        super().prepare()

    def command(self):
        return [self.python, f"{world.HERE}/peers/check.py", self.path]

    def found(self, output):
        return int(output)


def properties(name, path, more):
    """A file of peers/ with lines added."""
    with open(f"{world.HERE}/peers/{name}.properties") as template, open(path, "w") as file:
        os.chmod(path, 0o600)
        file.write(template.read() + "".join(f"{key}={value}\n" for key, value in more.items()))
    return path


def topics(*arguments):
    return [
        f"{os.environ['KAFKA_HOME']}/bin/kafka-topics.sh", "--bootstrap-server", os.environ["KAFKA_BROKER"], *arguments
    ]  # fmt: skip


def rows(people):
    file = (SHAPE, people, "random", 1)
    empty = standard.Template("empty")
    full = standard.Template("loaded", file, people)
    # Rows without a job are in one more index: theirs must not pay for it.
    foreign = "'00000000-0000-0000-0000-000000000000'"
    theirs = standard.Template("theirs", setup=f"ALTER TABLE users ALTER job SET DEFAULT {foreign}")
    copy = standard.Copy("psql \\copy", empty, full, "random")
    reading_rows = []
    for shape in ("csv", "jsonl"):
        lines, check = reading.shape_rows(shape, people)
        duckdb = DuckDB(f"{shape}: DuckDB, name and age, one core", empty, lines.file, people, lines)
        reading_rows += [lines, duckdb, check]
    return reading_rows + [
        copy,
        standard.Load("userload load", empty, file, people, 0, copy),
        standard.Work("userload work alone", empty, file, people, 0, copy),
        PythonWhole("Python, producer beside the consumer", theirs, file, people, 0, copy),
        PythonLoad("Python, consumer alone", theirs, file, people, 0, copy),
        Quix("Quix Streams' Postgres sink", theirs, file, people, 0, copy),
        Debezium("Kafka Connect, Debezium's JDBC sink", theirs, file, people, 0, copy),
        Pgloader("pgloader, file to Postgres", theirs, ("flat.csv", people, "random", 1), people, 0, copy),
    ]
