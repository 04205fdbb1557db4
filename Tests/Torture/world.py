"""The servers, and a lane: a topic, a database, a journal and proxies of its own, in which one fault after another happens."""
import contextlib
import os
import random
import subprocess
import threading
import time

import kafka_admin
import oracle
import people
import programs
import proxy

HERE = os.path.dirname(os.path.abspath(__file__))
STATE = os.environ["STATE"]
USERLOAD = os.environ["USERLOAD"]
STALL = 20  # --stall-timeout of every command, in seconds
LIMIT = STALL + 10  # by then a command has ended, whatever happens to it
MEMORY = 400  # MiB of a process: debug builds need more than the README's

OURS = "datname = current_database() AND application_name NOT IN ('torture', 'psql')"  # sessions of userload's
VARIABLES = [("crash", "USERLOAD_CRASH_AT"), ("stop", "USERLOAD_STOP_AT"), ("abort", "USERLOAD_ABORT_AT"), ("unsent", "USERLOAD_NOT_SENT")]


class Psql:
    """A session of psql's, straight to the server, opened again when it is lost. Threads may share one."""

    def __init__(self, database):
        self.database = database
        self.process = None
        self.lock = threading.Lock()

    def ask(self, sql):
        with self.lock:
            return self.answer(sql)

    def answer(self, sql):
        for attempt in range(200):
            try:
                return self.once(sql)
            except OSError as error:
                self.end()
                if attempt == 199:
                    raise SystemExit(f"{self.database}: {error}: {sql[:200]}")
                time.sleep(0.1)

    def try_ask(self, sql):
        """Once, or OSError."""
        with self.lock:
            return self.once(sql)

    def peek(self, sql):
        """The same, if there is a session and it answers; opens none."""
        with self.lock:
            try:
                return self.once(sql) if self.process else None
            except OSError:
                self.end()

    def once(self, sql):
        if self.process is None:
            address = ["-h", "127.0.0.1", "-p", os.environ["DB_PORT"], "-U", os.environ["DB_USER"]]
            self.process = subprocess.Popen(
                ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *address, "-d", self.database], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                env=os.environ | {"PGPASSWORD": os.environ["DB_PASSWORD"], "PGAPPNAME": "torture", "PGOPTIONS": "-c jit=off"},
            )  # fmt: skip
        self.process.stdin.write(f"{sql};\n\\echo ---end---\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline()) != "---end---\n":
            if not line:
                raise OSError("".join(lines) or "psql ended")
            lines.append(line)
        return "".join(lines).rstrip("\n")

    def close(self):
        with self.lock:
            self.end()

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            with contextlib.suppress(OSError):  # what was not sent yet
                self.process.stdin.close()
            self.process.stdout.close()
        self.process = None


class Servers:
    def __init__(self, loop):
        self.loop = loop
        self.postgres = Psql("postgres")
        brokers = os.environ.get("KAFKA_BROKERS") or os.environ["KAFKA_BROKER"]
        self.admin = kafka_admin.Admin([int(broker.rpartition(":")[2]) for broker in brokers.split(",")])

    def pid(self, name):
        with open(f"{STATE}/{name}.pid") as file:
            return int(file.read().split()[0])

    def start(self, name):
        """Again, after it was killed, on the port it had."""
        number = name.removeprefix("broker-")
        command = f"start_{name}" if number == name else f"launch_broker {number}; await_broker {number}"
        with open(f"{STATE}/{name}-again.log", "ab") as log:
            subprocess.run(
                ["bash", "-ec", f". '{HERE}/../Servers/servers.sh'; . '{HERE}/brokers.sh'; state='{STATE}'; {command}"], check=True,
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip


class Job:
    """A file to be pushed once, or what is to be told of it."""

    def __init__(self, path, file, mode, number):
        self.path, self.file, self.mode, self.number = path, file, mode, number
        self.lines = {len(file.records)}  # of what may be pushed from this path
        self.expected = None
        self.slug = None

    def __str__(self):
        return f"{self.path} ({self.file.form}, {len(self.file.records)} records, {self.mode})"


class Lane:
    def __init__(self, number, servers, seed, bug):
        self.number, self.servers, self.seed = number, servers, seed
        self.rng = random.Random()  # of faults; each round seeds both
        self.contents = random.Random()  # of files
        self.chance = random.Random()  # of what depends on how many faults there were
        self.bug = bug
        self.kafka = proxy.Proxy(
            servers.loop, int(os.environ["KAFKA_LANES"].split()[number]),
            int(os.environ["KAFKA_TARGETS"].split()[number]))
        self.database = proxy.Proxy(servers.loop, 0, int(os.environ["DB_PORT"]))
        self.psql = None
        self.looks = threading.Lock()
        self.seen = {}  # positions and progress at the last look
        self.places = 0
        self.programs = []
        self.story = []  # what happened since the last move
        self.largest = {}  # MiB, by command
        self.config = f"{STATE}/client.properties"
        with open(self.config, "w") as file:
            file.write("session.timeout.ms=3000\nheartbeat.interval.ms=500\n")

    # A place: everything new.

    def move_on(self, partitions=None):
        """To a new topic and database."""
        self.leave()
        self.places += 1
        self.name = f"torture_{os.getpid()}_{self.number}_{self.places}"
        self.partitions = partitions or self.rng.choice([1, 2, 3, 5])
        self.folder = f"{STATE}/{self.name}"
        os.makedirs(f"{self.folder}/logs")
        self.servers.postgres.ask(f"CREATE DATABASE {self.name}")
        self.psql = Psql(self.name)
        self.people = people.People(self.contents)
        self.table = oracle.Table()
        self.jobs = []
        self.programs = []
        self.story = []
        self.forget_seen()
        self.environment = self.variables()
        if self.userload("migrate").wait(LIMIT):
            raise SystemExit(f"migrate: {self.programs[-1].err}")

    def forget_seen(self):
        """Positions and progress may be any at the next look."""
        with self.looks:
            self.seen = {}

    def variables(self):
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return kept | {
            "DB_HOST": "127.0.0.1", "DB_PORT": str(self.database.port), "DB_NAME": self.name,
            "DB_USER": os.environ["DB_USER"], "DB_PASSWORD": os.environ["DB_PASSWORD"],
            "KAFKA_BROKER": os.environ.get("KAFKA_BROKERS", f"127.0.0.1:{self.kafka.port}"), "KAFKA_TOPIC": self.name,
            "KAFKA_CONFIG": self.config, "USERLOAD_STATE_DIR": f"{self.folder}/journal",
        } | ({"USERLOAD_BUG": self.bug} if self.bug else {})  # fmt: skip

    def leave(self):
        if self.psql:
            self.psql.close()
            self.servers.postgres.ask(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
            if self.servers.admin.partitions(self.name):
                self.servers.admin.delete(self.name)
            subprocess.run(["rm", "-rf", self.folder], check=True)
        self.psql = None

    # Files and programs.

    def job(self, lines=None, mode=None, form=None, container=None, apart=False):
        """A file to push: so many records, or some. container: "", gz, gz2 (two members) or zst; UTF-8, then. apart: it has
        no person of another file, for when nobody can say which of two is loaded first."""
        lines = lines or self.rng.choice([1, 7, 40, 40, 150, 400])
        known = self.people.known
        if apart:
            self.people.known = []
        file = people.File(self.contents, self.people, lines, form)
        self.people.known = known
        if container is not None:
            file.pack(container)
        job = Job(
            f"{self.folder}/{len(self.jobs)}.{file.name}", file,
            mode or self.rng.choice(["skip", "skip", "update", "reject"]), len(self.jobs))
        with open(job.path, "wb") as out:
            out.write(file.bytes)
        self.jobs.append(job)
        self.tell(f"file {job}")
        return job

    def expect(self, job):
        """The job is pushed after all before it, and loaded: what the table must hold then."""
        job.expected = self.table.apply(job.number, job.file.records, job.mode)

    def userload(self, *words, **changes):
        """Starts it. crash='load.swapped:1' kills it there, stop= stops it; unsent='error:3' fails a message."""
        environment = self.environment | changes.pop("environment", {})
        for name, variable in VARIABLES:
            if changes.get(name):
                environment = environment | {variable: changes[name]}
        log = f"{self.folder}/logs/{len(self.programs)}-{words[0]}"
        program = programs.Program([USERLOAD, *words], environment, log)
        program.is_killed = "crash" in changes
        self.programs.append(program)
        self.tell(" ".join(words) + "".join(f" {key}={value}" for key, value in changes.items()))
        return program

    def push_words(self, job, command="push"):
        words = ["--stall-timeout", f"{STALL}s", "--on-duplicate", job.mode, "--partitions", str(self.partitions)]
        return (command, *words, job.path)

    def push(self, job, **changes):
        return self.userload(*self.push_words(job), **changes)

    def load(self, job, **changes):
        return self.userload(*self.push_words(job, "load"), **changes)

    def drain(self, **changes):
        return self.userload("work", "--drain", "--verbose", "--stall-timeout", f"{STALL}s", **changes)

    def work(self, **changes):
        """A member of the group, until it is stopped."""
        return self.userload("work", **changes)

    def tell(self, words):
        self.story.append(f"{time.strftime('%H:%M:%S')} {words}")

    def kill_all(self):
        for program in list(self.programs):
            if program.poll() is None:
                program.kill()
