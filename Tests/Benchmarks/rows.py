"""The rows of the table at one million people, for both shapes of file."""
import dataclasses
import itertools
import os
import signal
import time

import world
from measure import Meter

_topics = itertools.count()


@dataclasses.dataclass(eq=False)
class Row:
    """One line of the table. Each measurement starts from a copy of `template` and ends with checked counts."""

    name: str
    template: "Template"
    file: tuple = ()
    inserted: int = 0
    duplicates: int = 0
    reference: "Row" = None
    target: float = None
    updated: int = 0
    options: tuple = ()
    figures: list = dataclasses.field(default_factory=list)

    @property
    def binary(self):
        return self.template.binary

    def median(self, field):
        values = sorted(getattr(figures, field) for figures in self.figures)
        middle = len(values) // 2
        return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2

    def prepare(self):
        self.template.make()
        if self.file:
            self.path = world.data_file(*self.file)

    def measure(self):
        database, topic = "run", f"run_{next(_topics)}"
        world.copy_database(self.template.database, database)
        meter = Meter(world.environment(database, topic))
        slug = self.act(meter, database, topic)
        if slug:
            self.check(database, topic, slug)
        return meter.figures()

    def check(self, database, topic, slug):
        status = world.job_status(database, topic, slug, self.binary)
        found = [status[key] for key in ("state", "lines", "inserted", "updated", "duplicates", "rejected")]
        lines = self.inserted + self.updated + self.duplicates
        wanted = ["completed", lines, self.inserted, self.updated, self.duplicates, 0]
        world.expect(self.name, found, wanted)
        rows = int(world.psql(database, "SELECT count(*) FROM users"))
        world.expect(f"{self.name}: rows in the table", rows, self.template.people + self.inserted)


@dataclasses.dataclass
class Template:
    """A database that `binary` migrated, with a file loaded or none; `setup` is SQL to run in it."""

    database: str
    file: tuple = ()
    people: int = 0
    setup: str = ""
    binary: str = world.USERLOAD
    made: bool = False

    def make(self):
        if self.made:
            return
        self.made = True
        topic = f"template_{self.database}"
        world.psql("postgres", f"CREATE DATABASE {self.database}")
        world.userload(self.database, topic, "migrate", binary=self.binary)
        if self.file:
            file = world.data_file(*self.file)
            world.userload(self.database, topic, "load", "--quiet", file, binary=self.binary)
            rows = int(world.psql(self.database, "SELECT count(*) FROM users"))
            world.expect(self.database, rows, self.people)
        if self.setup:
            world.psql(self.database, self.setup)
        world.psql(self.database, "VACUUM (ANALYZE)")


class Copy(Row):
    """The reference: psql's \\copy of the rows that userload stored, in the file's order, with the same columns."""

    def __init__(self, name, template, source, order):
        super().__init__(name, template)
        self.source = source
        self.order = order

    def prepare(self):
        super().prepare()
        self.source.make()
        self.path = f"{world.WORK}/{self.source.database}-{self.order}.copy"
        by = {"sorted": "age, name", "random": "hashtextextended(name, age)"}[self.order]
        query = f"SELECT {world.COLUMNS} FROM users ORDER BY {by}"
        world.psql(self.source.database, f"\\copy ({query}) TO '{self.path}'")

    def act(self, meter, database, topic):
        command = world.psql_command(database, f"\\copy users ({world.COLUMNS}) FROM '{self.path}'")
        meter.start()
        meter.run(*command, name="psql")
        meter.stop()
        rows = int(world.psql(database, "SELECT count(*) FROM users"))
        world.expect(self.name, rows, self.template.people + self.source.people)


class Upsert(Copy):
    """INSERT ... ON CONFLICT DO UPDATE from a staging table, into which psql copies the rows."""

    def __init__(self, name, template, source, rows):
        super().__init__(name, template, source, "random")
        self.rows = rows

    def act(self, meter, database, topic):
        columns = world.COLUMNS.split(", ")
        sets = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns[2:6])
        command = world.psql_command(
            database,
            "CREATE UNLOGGED TABLE staging (LIKE users INCLUDING DEFAULTS)",
            "ALTER TABLE staging ALTER id DROP NOT NULL",
            f"\\copy staging ({world.COLUMNS}) FROM '{self.path}'",
            f"INSERT INTO users ({world.COLUMNS}) SELECT {world.COLUMNS} FROM staging "
            f"ON CONFLICT (age, name) DO UPDATE SET {sets}",
        )
        meter.start()
        meter.run(*command, name="psql")
        meter.stop()
        rows = int(world.psql(database, "SELECT count(*) FROM users"))
        world.expect(self.name, rows, self.rows)


class Load(Row):
    def act(self, meter, database, topic):
        create_topic(topic)
        meter.start()
        meter.run(self.binary, "load", "--quiet", self.path, name="userload load", log=f"{world.WORK}/load.log")
        meter.stop()
        return self.path


class Together(Row):
    """A worker that runs as a service; the clock runs from push's start until the job is complete."""

    def act(self, meter, database, topic):
        log = f"{world.WORK}/work.log"
        create_topic(topic)
        worker = meter.spawn(self.binary, "work", log=log)
        wait_for(log, "owns")
        meter.start()
        meter.run(
            self.binary, "push", "--quiet", *self.options, self.path, name="userload push", log=f"{world.WORK}/push.log"
        )
        meter.run(self.binary, "status", "--wait", self.path, name="userload status")
        meter.stop()
        worker.send_signal(signal.SIGTERM)
        meter.finish(worker, "userload work")
        return self.path


class Work(Row):
    """The records are in the topic already."""

    def prepare(self):
        super().prepare()
        self.topic = f"filled_{self.template.database}_{'_'.join(map(str, self.file))}"
        world.userload("none", self.topic, "push", "--quiet", self.path, binary=self.binary)

    def act(self, meter, database, topic):
        meter.environment["KAFKA_TOPIC"] = self.topic
        meter.start()
        meter.run(self.binary, "work", "--drain", name="userload work", log=f"{world.WORK}/work.log")
        meter.stop()
        return self.path

    def check(self, database, topic, slug):
        super().check(database, self.topic, slug)


class Push(Row):
    def act(self, meter, database, topic):
        create_topic(topic)
        meter.start()
        meter.run(self.binary, "push", "--quiet", self.path, name="userload push", log=f"{world.WORK}/push.log")
        meter.stop()


class PushGzip(Row):
    """The file as gzip."""

    def prepare(self):
        super().prepare()
        self.path = world.gzip(self.path)

    def act(self, meter, database, topic):
        create_topic(topic)
        log = f"{world.WORK}/push.log"
        meter.start()
        # A shell for both, so that neither pays more for it.
        meter.run("bash", "-o", "pipefail", "-c", self.SCRIPT, self.binary, self.path, name="userload push", log=log)
        meter.stop()

    SCRIPT = '"$0" push --quiet "$1"'


class PushZcat(PushGzip):
    """The same, unpacked by zcat, through a pipe."""

    SCRIPT = 'zcat "$1" | "$0" push --quiet -'


class Kcat(Row):
    OPTIONS = ()

    def act(self, meter, database, topic):
        create_topic(topic)
        broker = meter.environment["KAFKA_BROKER"]
        meter.start()
        meter.run("kcat", "-P", "-b", broker, "-t", topic, *self.OPTIONS, "-l", self.path, name="kcat")
        meter.stop()


class KcatAsPush(Kcat):
    """What librdkafka alone takes to send messages like push's: a key, a header as long, idempotence, compression."""

    OPTIONS = ("-K", ",", "-H", f"userload={'h' * 30}", "-X", "enable.idempotence=true", "-z", "lz4")


def create_topic(topic):
    """As push makes it, so that neither side pays for it: 12 partitions."""
    world.check(
        [
            f"{os.environ['KAFKA_HOME']}/bin/kafka-topics.sh", "--bootstrap-server",
            os.environ["KAFKA_BROKER"], "--create", "--topic", topic, "--partitions", "12",
            "--config", "max.message.bytes=1064960", "--config", "message.timestamp.type=LogAppendTime",
        ]
    )  # fmt: skip


def wait_for(log, text):
    """Until a worker's log holds the text."""
    for _ in range(600):
        with open(log) as file:
            if text in file.read():
                return
        time.sleep(0.05)
    raise SystemExit(f"no '{text}' in {log}")


def rows(people, binary=world.USERLOAD, tag=""):
    """`tag` keeps the databases and topics of two binaries apart."""
    empty = Template(f"empty{tag}", binary=binary)
    return [row for shape in ("csv", "jsonl") for row in shape_rows(shape, people, empty, tag)]


def shape_rows(shape, people, empty, tag):
    fresh = (shape, people, "random", 1)
    other = (shape, people, "random", 2)
    twice = (shape, people, "random", 1, "twice")
    ordered = (shape, people, "sorted", 1)
    tenth = people // 10
    full = Template(f"full_{shape}{tag}", fresh, people, binary=empty.binary)
    partly = Template(f"tenth_{shape}{tag}", (shape, people, "random", 3, "tenth"), tenth, binary=empty.binary)

    copy = Copy(f"{shape}: psql \\copy", empty, full, "random")
    copy_sorted = Copy(f"{shape}: psql \\copy, sorted", empty, full, "sorted")
    kcat = Kcat(f"{shape}: kcat -P -l", empty, fresh)
    zcat = PushZcat(f"{shape}: zcat FILE.gz | push -", empty, fresh)
    return [
        copy,
        *update_rows(shape, people, tag, full, copy),
        Together(f"{shape}: push and work together", empty, fresh, people, 0, copy, 1.0),
        Load(f"{shape}: load", empty, fresh, people, 0, copy, 1.0),
        Work(f"{shape}: work alone", empty, fresh, people, 0, copy, 0.75),
        Together(f"{shape}: all duplicates, push and work together", full, other, 0, people, copy, 0.8),
        Work(f"{shape}: all duplicates, work alone", full, other, 0, people, copy, 0.6),
        Together(f"{shape}: 10 % in the table already", partly, fresh, people - tenth, tenth, copy, 1.2),
        Together(f"{shape}: 10 % twice in the file", empty, twice, people - tenth, tenth, copy, 1.2),
        copy_sorted,
        Load(f"{shape}: load, sorted file", empty, ordered, people, 0, copy_sorted, 1.0),
        kcat,
        KcatAsPush(f"{shape}: kcat with key, header, idempotence and lz4", empty, fresh, 0, 0, kcat),
        Push(f"{shape}: push alone", empty, fresh, 0, 0, kcat, 1.2),
        zcat,
        PushGzip(f"{shape}: push FILE.gz", empty, fresh, 0, 0, zcat, 1.15),
    ]


def update_rows(shape, people, tag, full, copy):
    """--on-duplicate update, beside what a database does by itself. "full" holds the file that is "equal"."""
    equal = (shape, people, "random", 1)
    few = (shape, people, "random", 1, "changed")
    all_of_them = (shape, people, "random", 2)
    tenth = people // 10
    rest = Template(f"rest_{shape}{tag}", (shape, people, "random", 1, "rest"), people - tenth, binary=full.binary)
    changed_few = Template(f"few_{shape}{tag}", few, people, binary=full.binary)
    changed_all = Template(f"changed_{shape}{tag}", all_of_them, people, binary=full.binary)
    found = []
    for what, template, file, source, counts, target in [
        ("all equal", full, equal, full, (0, 0, people), 0.8),
        ("2 % changed", full, few, changed_few, (0, people // 50, people - people // 50), 0.9),
        ("all changed", full, all_of_them, changed_all, (0, people, 0), 2.5),
        ("10 % new", rest, equal, full, (tenth, 0, people - tenth), 1.2),
    ]:
        inserted, updated, duplicates = counts
        update = ("--on-duplicate", "update")
        name = f"{shape}: update, {what}"
        found.append(
            Together(name, template, file, inserted, duplicates, copy, target, updated=updated, options=update)
        )
        upsert = Upsert(f"{name}, INSERT ON CONFLICT", template, source, people)
        upsert.reference = copy
        found.append(upsert)
    return found
