"""Servers that die, stand still and come back; workers that do; two that want the same."""
import os
import re
import shutil
import signal
import subprocess
import time

import world
from faults_files import FullDisk
from rounds import any_of, await_jobs, ends, fault, finish, finish_push, injected, outcome, pushed, said, stopped


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def goes(lane, name, number):
    """A server is ended with a signal, if it still runs."""
    pid = lane.servers.pid(name)
    if is_alive(pid):
        os.kill(pid, number)
    while is_alive(pid):
        time.sleep(0.01)
    lane.psql.close()


def dies(lane, name, number):
    """Ends a server with a signal, and starts it again."""
    goes(lane, name, number)
    time.sleep(lane.rng.uniform(0, 1))
    lane.servers.start(name)


def under(lane, name, happens):
    """Something happens to a server while a program is under way."""
    program = any_of(lane)
    if program.runs_for(lane.rng.uniform(0.02, 0.3)):
        happens(program)
        injected(lane, name)
    outcome(lane, program)
    finish(lane)


@fault("postgres-immediate", 3, alone=True)
def postgres_immediate(lane):
    """pg_ctl -m immediate, and a start."""
    under(lane, "postgres-immediate", lambda _: dies(lane, "postgres", signal.SIGQUIT))


@fault("postgres-crash", 4, alone=True)
def postgres_crash(lane):
    """A backend dies of SIGKILL: the server ends all sessions and recovers."""
    for _ in range(3):
        program = any_of(lane)
        if program.runs_for(lane.rng.uniform(0.02, 0.3)):
            pid = lane.psql.ask("SELECT pg_backend_pid()")
            os.kill(int(pid), signal.SIGKILL)
            lane.psql.close()
            injected(lane, "postgres-crash")
        outcome(lane, program)
    finish(lane)


class SmallLog(FullDisk):
    """Postgres' write-ahead log (pg_wal) on a file system of its own."""

    size = "96m"

    def __init__(self, lane):
        super().__init__(lane, "log")
        self.lane = lane
        self.data = os.path.realpath(f"{world.STATE}/postgres") + "/data"

    def __enter__(self):
        super().__enter__()
        # Two segments, the least there can be, so that the server soon needs a new one.
        for setting in ("min_wal_size", "max_wal_size"):
            self.lane.servers.postgres.ask(f"ALTER SYSTEM SET {setting} = '32MB'")
        goes(self.lane, "postgres", signal.SIGINT)
        self.drop_old()
        self.move(f"{self.data}/pg_wal", self.path)
        os.rmdir(f"{self.data}/pg_wal")
        os.symlink(self.path, f"{self.data}/pg_wal")
        shutil.chown(self.path, "postgres", "postgres")
        self.lane.servers.start("postgres")
        return self

    def drop_old(self):
        """Leaves the segment that the server goes on with; after an orderly stop it needs no other."""
        control = subprocess.run(
            ["bash", "-c", f". '{world.HERE}/../Servers/servers.sh'; \"$(postgres_bin)/pg_controldata\" '{self.data}'"],
            check=True, capture_output=True, text=True).stdout  # fmt: skip
        needed = re.search(r"REDO WAL file: *(\w+)", control)[1]
        for name in os.listdir(f"{self.data}/pg_wal"):
            if re.fullmatch(r"[0-9A-F]{24}", name) and name != needed:
                os.unlink(f"{self.data}/pg_wal/{name}")

    def move(self, here, there):
        for name in os.listdir(here):
            shutil.move(f"{here}/{name}", f"{there}/{name}")
        for path, _, names in os.walk(there):
            for name in (path, *(f"{path}/{name}" for name in names)):
                shutil.chown(name, "postgres", "postgres")

    def __exit__(self, *_):
        goes(self.lane, "postgres", signal.SIGINT)
        os.unlink(f"{self.data}/pg_wal")
        os.mkdir(f"{self.data}/pg_wal", 0o700)
        self.move(self.path, f"{self.data}/pg_wal")
        self.lane.servers.start("postgres")
        for setting in ("min_wal_size", "max_wal_size"):
            self.lane.servers.postgres.ask(f"ALTER SYSTEM RESET {setting}")
        super().__exit__()


@fault("disk-full-log", 2, alone=True)
def disk_full_log(lane):
    """The disk with the write-ahead log is full: the server goes down by itself, and comes back once there is room."""
    with SmallLog(lane) as disk:
        program = any_of(lane)
        disk.fill()
        program.runs_for(lane.rng.uniform(0, 0.2))
        try:
            lane.psql.try_ask("CREATE TABLE filler AS SELECT repeat('x', 500) FROM generate_series(1, 250000)")
            raise SystemExit("the server's log still has room")
        except OSError as error:
            lane.tell(f"the server: {error}")
        program.runs_for(lane.rng.uniform(0, 3))
        disk.free()
        dies(lane, "postgres", signal.SIGQUIT)
        injected(lane, "disk-full-log")
        outcome(lane, program)
        finish(lane)


@fault("broker-kill", 2, alone=True)
def broker_kill(lane):
    under(lane, "broker-kill", lambda _: dies(lane, "kafka", signal.SIGKILL))


@fault("broker-stop", 4, alone=True)
def broker_stop(lane):
    def stands_still(program):
        pid = lane.servers.pid("kafka")
        with open(f"{world.STATE}/stopped", "w") as file:
            file.write(str(pid))
        os.kill(pid, signal.SIGSTOP)
        program.runs_for(lane.rng.uniform(0.5, 3))
        os.kill(pid, signal.SIGCONT)

    under(lane, "broker-stop", stands_still)


# Workers.


@fault("zombie", 6)
def zombie(lane):
    """A worker stands still beyond its session, another takes over, and the first goes on."""
    pushed(lane)
    first = lane.work()
    said(lane, first, "owns")
    first.runs_for(lane.rng.uniform(0, 0.3))
    first.signal(signal.SIGSTOP)
    jobs = pushed(lane)
    second = lane.work() if lane.rng.random() < 0.5 else lane.drain()
    second.runs_for(lane.rng.uniform(3.5, 5))
    first.signal(signal.SIGCONT)
    injected(lane, "zombie")
    jobs += pushed(lane)
    await_jobs(lane, jobs)
    for worker in (first, second):
        # A drain has ended by itself.
        stopped(lane, worker, 0, 1, 130)
    finish(lane)


HELD = f"""SELECT pid, state, wait_event, now() - xact_start, pg_blocking_pids(pid), left(query, 200) FROM pg_stat_activity
WHERE {world.OURS}"""


@fault("zombie-in-batch", 8)
def zombie_in_batch(lane):
    """It stands still inside a transaction, holding locks that only the others' watch can break."""
    job = lane.job(lines=400)
    finish_push(lane, job)
    place = lane.rng.choice(["load.swapped", "load.rowsCopied", "load.rejectsWritten", "load.counted"])
    first = lane.drain(stop=f"{place}:1")
    if not first.stands_still(20):
        ends(lane, first, 0, 1)
        return finish(lane)
    overtaken(lane, first, "zombie-in-batch")


def overtaken(lane, first, name):
    """Another drain gets past a worker that stands still inside a transaction, which then goes on."""
    lane.psql.ask("DELETE FROM userload.hand_readers")
    second = lane.drain()
    if ends(lane, second, 0, 1, 3) == 3:
        lane.tell(lane.psql.ask(HELD))
    injected(lane, name)
    first.go_on()
    ends(lane, first)
    finish(lane)


@fault("two-workers", 12)
def two_workers(lane):
    """Two read the same by hand, and lose swaps to each other."""
    for is_long in (False, True):
        pushed(lane, 1, lines=600) if is_long else pushed(lane, 2)
        # What comes slowly comes in many batches.
        lane.kafka.rate = 60_000 if is_long else None
        first = lane.drain()
        first.runs_for(lane.rng.uniform(0, 0.15))
        lane.psql.ask("DELETE FROM userload.hand_readers")
        second = lane.drain()
        for worker in (first, second):
            ends(lane, worker, 0, 1)
        injected(lane, "two-workers")
        finish(lane)


@fault("joining-and-leaving", 6)
def joining_and_leaving(lane):
    """Members of the group come and go every 200 ms, a hand reader beside them."""
    workers = []
    jobs = []
    for step in range(6):
        workers.append(lane.work())
        jobs += pushed(lane, 1)
        time.sleep(0.2)
        if step % 2:
            stopped(lane, workers.pop(lane.rng.randrange(len(workers))), 0, 1, 130)
        if step == 3:
            workers.append(lane.drain() if lane.rng.random() < 0.5 else lane.load(lane.job(lines=7, apart=True)))
        injected(lane, "joining-and-leaving")
    await_jobs(lane, jobs)
    for worker in workers:
        stopped(lane, worker, 0, 1, 130)
    finish(lane)


@fault("two-pushers", 8)
def two_pushers(lane):
    """With a journal each, as if from two hosts, or with one, where the second waits for the first."""
    job = lane.job(mode=lane.rng.choice(["skip", "reject"]))
    hosts = lane.rng.choice([(0, 1), (0, 0)])
    pushes = [
        lane.push(job, environment={"USERLOAD_STATE_DIR": f"{lane.folder}/journal-{host}"}) for host in hosts
    ]
    if lane.rng.random() < 0.5 and pushes[0].runs_for(lane.rng.uniform(0, 0.15)):
        pushes[0].kill()
    worker = lane.drain()
    for program in [*pushes, worker]:
        ends(lane, program)
    injected(lane, "two-pushers")
    finish(lane)

