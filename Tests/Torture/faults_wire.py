"""Connections that are cut, reset, slowed or stopped; answers that never come; sessions that the server ends."""
import time

import world
from rounds import any_of, calm, ends, fault, finish, injected, outcome


def disturbed(lane, disturb, name, times=4):
    """Disturbs while a program runs; it must end all the same, well or with an error of its own."""
    program = any_of(lane)
    for _ in range(times):
        if not program.runs_for(lane.rng.uniform(0.02, 0.3)):
            break
        if disturb():
            injected(lane, name)
    outcome(lane, program)


def cut(lane, wire, name):
    for _ in range(2):
        disturbed(lane, lambda: wire.cut(abort=lane.rng.random() < 0.5), name)
    finish(lane)


@fault("kafka-cut", 12)
def kafka_cut(lane):
    cut(lane, lane.kafka, "kafka-cut")


@fault("postgres-cut", 12)
def postgres_cut(lane):
    cut(lane, lane.database, "postgres-cut")


@fault("commit-reply-cut", 15)
def commit_reply_cut(lane):
    """The server has committed, and nobody hears of it: what describes a job, or a batch."""
    for _ in range(2):
        lane.database.commits_left = lane.rng.randint(1, 3)
        outcome(lane, any_of(lane))
        if lane.database.eaten:
            injected(lane, "commit-reply-cut")
        finish(lane)


@fault("slow", 4)
def slow(lane):
    """100 kB/s."""
    wire = lane.rng.choice([lane.kafka, lane.database])
    wire.rate = 100_000
    job = lane.job()
    ends(lane, lane.load(job), 0, 1)
    injected(lane, "slow")
    finish(lane)


@fault("stop-mid-byte", 10)
def stop_mid_byte(lane):
    """Some bytes, then nothing more, then a reset."""
    for _ in range(2):
        program = any_of(lane)
        wire = lane.rng.choice([lane.kafka, lane.database])
        wire.until_stop = lane.rng.randrange(1, 8_000)
        end = time.monotonic() + 5
        while not wire.stopped and program.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        program.runs_for(lane.rng.uniform(0.1, 0.8))
        if wire.stopped:
            injected(lane, "stop-mid-byte")
        calm(lane)
        wire.cut(abort=True)
        outcome(lane, program)
    finish(lane)


@fault("backend-killed", 12)
def backend_killed(lane):
    sql = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {world.OURS}"
    for _ in range(2):
        disturbed(lane, lambda: int(lane.psql.ask(sql)), "backend-killed")
    finish(lane)


@fault("not-sent", 12)
def not_sent(lane):
    """librdkafka reports a message as failed, or as delivered without an offset, and it is not in the log."""
    for _ in range(2):
        job = lane.job()
        how = lane.rng.choice(["error", "offset"])
        number = lane.rng.choice([1, lane.rng.randint(1, 2 * len(job.file.records) // 3 + 1)])
        push = lane.push(job, unsent=f"{how}:{number}")
        ends(lane, push, 0)
        if push.reached(f"unsent.{how}"):
            injected(lane, f"not-sent {how}")
        finish(lane)
