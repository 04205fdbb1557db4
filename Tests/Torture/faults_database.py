"""Locks, time limits, restored databases, a second one, two topics of one, other writers, other producers."""
import json
import os
import shutil
import subprocess

import people
import world
from invariants import FOREIGN, Breach, demand
from faults_files import FullDisk
from rounds import DISTURBED, await_answer, await_jobs, ends, fault, finish, finish_push, injected, pushed, stopped


@fault("table-locked", 8)
def table_locked(lane):
    """Somebody holds the table for a while."""
    for _ in range(2):
        pushed(lane)
        other = world.Psql(lane.name)
        mode = lane.rng.choice(["ACCESS EXCLUSIVE", "SHARE", "EXCLUSIVE"])
        table = lane.rng.choice(["users", "userload.positions", "userload.progress", "userload.jobs"])
        other.ask(f"BEGIN; LOCK TABLE {table} IN {mode} MODE")
        drain = lane.drain()
        drain.runs_for(lane.rng.uniform(0.2, 1))
        other.ask(lane.rng.choice(["COMMIT", "ROLLBACK"]))
        other.close()
        ends(lane, drain, 0, 1)
        injected(lane, "table-locked")
        finish(lane)


@fault("statement-timeout", 4)
def statement_timeout(lane):
    """Of the database: a batch that waits for a lock for longer is not bound by it."""
    pushed(lane)
    lane.psql.ask(f"ALTER DATABASE {lane.name} SET statement_timeout = '200ms'")
    lane.psql.ask(f"ALTER DATABASE {lane.name} SET idle_in_transaction_session_timeout = '100ms'")
    other = world.Psql(lane.name)
    other.ask("SET idle_in_transaction_session_timeout = 0; BEGIN; LOCK TABLE users IN SHARE MODE")
    drain = lane.drain()
    waits = f"SELECT count(*) FROM pg_stat_activity WHERE {world.OURS} AND wait_event_type = 'Lock'"
    if await_answer(lane, waits, "1", 5):
        drain.runs_for(0.4)
        injected(lane, "statement-timeout")
    other.ask("COMMIT")
    other.close()
    ends(lane, drain, 0, 1)
    lane.psql.ask(f"ALTER DATABASE {lane.name} RESET ALL")
    finish(lane)


def psql_tool(lane, *words):
    """pg_dump or pg_restore."""
    address = ["-h", "127.0.0.1", "-p", os.environ["DB_PORT"], "-U", os.environ["DB_USER"]]
    subprocess.run([words[0], *address, *words[1:]], check=True, env=os.environ | {"PGPASSWORD": os.environ["DB_PASSWORD"]})


def back_up(lane):
    """A pg_dump, taken while a job is loaded: some of it is in, or nothing, or all. Returns the file."""
    pushed(lane, 1)
    if lane.rng.random() < 0.5:
        ends(lane, lane.drain(), 0, 1)
    drain = lane.drain()
    drain.runs_for(lane.rng.uniform(0, 0.4))
    dump = f"{lane.folder}/dump-{len(lane.programs)}"
    psql_tool(lane, "pg_dump", "-Fc", "-f", dump, lane.name)
    ends(lane, drain, 0, 1)
    return dump


def restore(lane, dump):
    """The database is what it was when the dump was made. Restored beside it and renamed: a worker under way sees one or
    the other."""
    restored = f"{lane.name}_restored"
    lane.servers.postgres.ask(f"CREATE DATABASE {restored} TEMPLATE template0")
    psql_tool(lane, "pg_restore", "--exit-on-error", "-d", restored, dump)
    lane.psql.close()
    lane.servers.postgres.ask(f"DROP DATABASE {lane.name} WITH (FORCE)")
    lane.servers.postgres.ask(f"ALTER DATABASE {restored} RENAME TO {lane.name}")
    lane.forget_seen()


@fault("restored", 8)
def restored(lane):
    """From a dump made before the last job was loaded; the topic has it all."""
    dump = back_up(lane)
    pushed(lane)
    ends(lane, lane.drain(), 0, 1)
    restore(lane, dump)
    injected(lane, "restored")
    finish(lane)


@fault("restored-under-work", 5)
def restored_under_work(lane):
    """A worker that runs finds out, and loads again what is missing."""
    dump = back_up(lane)
    worker = lane.work()
    jobs = pushed(lane)
    await_jobs(lane, jobs)
    restore(lane, dump)
    injected(lane, "restored-under-work")
    await_jobs(lane, jobs)
    stopped(lane, worker)
    finish(lane)


class FullTablespace(FullDisk):
    """A tablespace on a file system of its own, and the lane's database in it."""

    size = "24m"

    def __init__(self, lane):
        super().__init__(lane, "tablespace")
        self.lane = lane
        self.name = f"{lane.name}_small"

    def __enter__(self):
        super().__enter__()
        shutil.chown(self.path, "postgres", "postgres")
        self.lane.servers.postgres.ask(f"CREATE TABLESPACE {self.name} LOCATION '{self.path}'")
        self.lane.psql.close()
        self.lane.servers.postgres.ask(f"ALTER DATABASE {self.lane.name} SET TABLESPACE {self.name}")
        return self

    def __exit__(self, *_):
        self.lane.psql.close()
        self.lane.servers.postgres.ask(f"DROP DATABASE {self.lane.name} WITH (FORCE)")
        self.lane.servers.postgres.ask(f"DROP TABLESPACE {self.name}")
        super().__exit__()


@fault("disk-full-postgres", 6)
def disk_full_postgres(lane):
    """The disk with the tables is full: a drain says so and waits, and gives up after --stall-timeout; no record is
    rejected for it, and once there is room all is loaded."""
    lane.move_on()
    with FullTablespace(lane) as disk:
        for _ in range(2):
            disk.fill()
            # More rows than the pages have room for that the table has.
            job = lane.job(lines=3_000)
            finish_push(lane, job)
            gives_up = lane.rng.random() < 0.4
            drain = lane.userload("work", "--drain", "--stall-timeout", "3s" if gives_up else f"{world.STALL}s")
            if gives_up:
                ends(lane, drain, 3, 7)
            elif not drain.says("No space left on device", 15):
                raise Breach("I7", "a word on the full disk", f"{drain.code}: {drain.err}")
            if "No space left on device" not in drain.err:
                raise Breach("I7", "a word on the full disk", drain.err)
            if gives_up and lane.rng.random() < 0.5:
                # The next one waits for room.
                drain = lane.drain()
                drain.runs_for(1)
            disk.free()
            demand("I1", "0", lane.psql.ask("SELECT count(*) FROM userload.rejects WHERE errors::text LIKE '%space%'"))
            if drain.poll() is None:
                ends(lane, drain, 0, 1)
            injected(lane, "disk-full-postgres")
            finish(lane)
    lane.move_on()


@fault("second-database", 5)
def second_database(lane):
    """On the same topic, read by drains or by a group each: each has all of it."""
    lane.move_on()
    second = f"{lane.name}_second"
    lane.servers.postgres.ask(f"CREATE DATABASE {second}")
    jobs = pushed(lane, 2)
    start = lane.rng.choice([lane.drain, lane.work])
    programs = [start(), start(environment={"DB_NAME": second})]
    if programs[1].runs_for(lane.rng.uniform(0, 0.3)):
        programs[1].kill()
    await_jobs(lane, jobs)
    stopped(lane, programs[0], 0, 1, 130)
    injected(lane, "second-database")
    psql = world.Psql(second)
    try:
        ends(lane, lane.drain(environment={"DB_NAME": second}), 0, 1)
        finish(lane)
        ends(lane, lane.drain(environment={"DB_NAME": second}), 0, 1)
        sql = "SELECT count(*), sum(hashtext(concat_ws('|', name, age, email, phone_number, address, additional_info))) FROM users"
        demand("I3", lane.psql.ask(sql), psql.ask(sql))
    finally:
        psql.close()
        lane.servers.postgres.ask(f"DROP DATABASE {second} WITH (FORCE)")


@fault("two-topics", 6)
def two_topics(lane):
    """The same file by two topics into one database: one job, whose progress two workers move."""
    job = lane.job(lines=150, mode="skip")
    other = {"KAFKA_TOPIC": f"{lane.name}_other"}
    ends(lane, lane.push(job, environment=other), 0)
    finish_push(lane, job)
    drains = [lane.drain(), lane.drain(environment=other)]
    for drain in drains:
        ends(lane, drain)
    injected(lane, "two-topics")
    ends(lane, lane.drain(environment=other))
    finish(lane)
    lane.servers.admin.delete(other["KAFKA_TOPIC"])


@fault("foreign-writer", 6)
def foreign_writer(lane):
    """Somebody inserts and updates the same keys in the opposite order, in one transaction, while they are loaded."""
    lane.move_on()
    job = lane.job(lines=400, mode=lane.rng.choice(["skip", "reject"]))
    finish_push(lane, job)
    keys = {record.key for record in job.file.records if not record.errors}
    keys = sorted(keys, key=lambda key: (key[1], key[0].encode()), reverse=True)[::3]
    other = world.Psql(lane.name)
    drain = lane.drain()
    drain.runs_for(lane.rng.uniform(0, 0.3))
    statements = [
        f"INSERT INTO users (name, age, phone_number) VALUES ({quoted(name)}, {age}, '1') "
        f"ON CONFLICT (age, name) DO UPDATE SET phone_number = '2'; SELECT pg_sleep(0.0005)"
        for name, age in keys
    ]
    try:
        other.try_ask("; ".join(["BEGIN", *statements, lane.rng.choice(["COMMIT", "ROLLBACK"])]))
        injected(lane, "foreign-writer")
    except OSError as error:
        if "deadlock detected" not in str(error):
            raise
        injected(lane, "foreign-writer in a deadlock")
    other.close()
    ends(lane, drain, 0, 1)
    # Who came first is for the table to say: its own rows are taken for what was there before the job.
    sql = "SELECT coalesce(json_agg(json_build_array(name, age)), '[]') FROM users WHERE "
    lane.table.rows = {}
    for name, age in json.loads(lane.psql.ask(sql + "job IS NULL")):
        if (name, age) not in keys:
            raise Breach("I3", "rows of others as they wrote them", (name, age))
        lane.table.insert(None, people.Record(b"", name=name, age=age, phone="1"), "skip")
    lane.expect(job)
    for name, age in json.loads(lane.psql.ask(sql + "phone_number = '2'")):
        if (name, age) not in keys:
            raise Breach("I3", "rows that others updated", (name, age))
        lane.table.rows[name, age].phone = "2"
    finish(lane)
    lane.move_on()


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


@fault("foreign-producer", 6)
def foreign_producer(lane):
    """Messages without our header, between ours."""
    if not lane.servers.admin.partitions(lane.name):
        pushed(lane, 1)
    records = []
    for _ in range(lane.rng.randint(1, 20)):
        lane.people.count += 1
        record = people.Record(b"", name=f"Foreign {lane.people.count}", age=lane.rng.randrange(100))
        record.info["note"] = "by kcat"
        records.append(record)
    lines = "".join(json.dumps({"name": r.name, "age": r.age, "note": "by kcat"}) + "\n" for r in records)
    drain = lane.drain()
    subprocess.run(
        ["kcat", "-P", "-b", os.environ["KAFKA_BROKER"], "-t", lane.name], input=lines.encode(), check=True,
        stderr=subprocess.DEVNULL)  # fmt: skip
    for record in records:
        lane.table.insert(FOREIGN, record, "skip")
    if drain.runs_for(lane.rng.uniform(0, 0.3)):
        drain.kill()
    injected(lane, "foreign-producer")
    finish(lane)


@fault("key-migrated", 5)
def key_migrated(lane):
    """There and back under load, or while a worker stands still inside its transaction: what was passed over meanwhile is
    sent again."""
    job = lane.job(mode=lane.rng.choice(["skip", "reject"]))
    finish_push(lane, job)
    place = lane.rng.choice([None, None, "swapped", "copying", "rowsCopied"])
    stop = {"stop": f"load.{place}:1"} if place else {}
    program = lane.rng.choice([lane.drain, lane.work])(**stop)
    if place:
        program.stands_still(10)
    else:
        program.runs_for(lane.rng.uniform(0, 0.3))
    runs = program.poll() is None
    for key in ("name,age,email", "name,age"):
        ends(lane, lane.userload("migrate", environment={"USERLOAD_UNIQUE_KEY": key}), 0)
        injected(lane, "key-migrated", 1 if runs else 0)
    program.go_on()
    program.runs_for(lane.rng.uniform(0.5, 1))
    stopped(lane, program, *DISTURBED)
    ends(lane, lane.userload("push", "--resend", "--on-duplicate", job.mode, job.path), 0)
    finish(lane)
