"""What happens to a topic: deleted, made again with as many, fewer or more partitions, cut off at its front, widened."""
import re

from invariants import Breach, demand
from rounds import ends, fault, finish, finish_push, injected, pushed, repaired


def remake(lane, partitions):
    lane.servers.admin.delete(lane.name)
    lane.servers.admin.create(lane.name, partitions)
    lane.partitions = partitions


@fault("topic-remade", 12)
def topic_remade(lane):
    """Jobs that were pushed and not loaded are gone; the same command sends them again, into whatever is there now."""
    for _ in range(2):
        # Of one that is partly loaded another number of partitions makes another job, and of its rows nobody can tell
        # beforehand which one brings them.
        partitions = lane.rng.choice([lane.partitions, max(1, lane.partitions - 1), lane.partitions + 1])
        jobs = [lane.job() for _ in range(2)]
        for job in jobs:
            ends(lane, lane.push(job), 0)
        remake(lane, partitions)
        injected(lane, "topic-remade")
        if lane.rng.random() < 0.5:
            # The new log is longer than the old one was.
            finish_push(lane, lane.job(lines=600))
        if lane.rng.random() < 0.5:
            ends(lane, lane.drain())
        finish(lane)


@fault("topic-remade-half-way", 8)
def topic_remade_half_way(lane):
    """Of a job that is partly loaded: a new topic of the same shape, and the worker drops what it has."""
    job = lane.job(lines=300)
    push = lane.push(job)
    push.runs_for(lane.rng.uniform(0.05, 0.15))
    push.kill()
    drain = lane.drain()
    drain.runs_for(lane.rng.uniform(0.1, 0.4))
    drain.kill()
    if not lane.servers.admin.partitions(lane.name):
        return finish(lane)
    remake(lane, lane.partitions)
    injected(lane, "topic-remade-half-way")
    finish(lane)


@fault("topic-remade-under-work", 6)
def topic_remade_under_work(lane):
    """A worker that runs finds out by its anchor, within 10 s and a little."""
    pushed(lane, 1)
    worker = lane.work()
    worker.says("completed", 20)
    remake(lane, lane.partitions)
    injected(lane, "topic-remade-under-work")
    job = lane.job()
    ends(lane, lane.load(job), 0, 1)
    worker.stop(10)
    ends(lane, worker, 0)
    finish(lane)


@fault("topic-deleted-under-push", 4)
def topic_deleted_under_push(lane):
    job = lane.job(lines=400)
    push = lane.push(job)
    push.runs_for(lane.rng.uniform(0.03, 0.12))
    if lane.servers.admin.partitions(lane.name):
        remake(lane, lane.partitions)
    ends(lane, push)
    injected(lane, "topic-deleted-under-push")
    finish(lane)


@fault("records-deleted", 10)
def records_deleted(lane):
    """By retention, ahead of the worker: it says which, the job is stalled, and --resend mends it."""
    if not lane.seen:
        # Of a topic that was never read nobody can tell what it once held.
        pushed(lane, 1)
        ends(lane, lane.drain(), 0, 1)
    job = lane.job(lines=lane.rng.choice([40, 150]))
    finish_push(lane, job)
    lane.servers.admin.delete_records(lane.name, {partition: -1 for partition in range(lane.partitions)})
    other = lane.job(mode="skip")
    drain = lane.drain()
    ends(lane, drain)
    if not re.search(r"offsets \d+ to \d+ expired before they were read", drain.err):
        raise Breach("I7", "the range that expired", drain.err)
    injected(lane, "records-deleted")
    ends(lane, lane.userload("push", "--resend", "--on-duplicate", job.mode, job.path), 0)
    finish_push(lane, other)
    finish(lane)


@fault("records-deleted-half-way", 8)
def records_deleted_half_way(lane):
    """Some of a job: what comes behind the hole is not loaded, the job is stalled, and other jobs load."""
    lane.move_on()
    job = lane.job(lines=200, mode="skip")
    finish_push(lane, job)
    lane.servers.admin.delete_records(lane.name, {0: lane.rng.randrange(2, 20)})
    ends(lane, lane.drain())
    injected(lane, "records-deleted-half-way")
    state = lane.psql.ask(f"SELECT state FROM userload.job_status WHERE slug = '{job.slug}'")
    demand("I1", "stalled", state)
    repaired(lane, job, "--resend", job.slug)
    finish(lane)


@fault("partitions-added", 6)
def partitions_added(lane):
    pushed(lane, 1, mode="skip")
    drain = lane.drain()
    drain.runs_for(lane.rng.uniform(0.05, 0.3))
    drain.kill()
    if lane.partitions < 8:
        lane.partitions += 1
        lane.servers.admin.add_partitions(lane.name, lane.partitions)
    injected(lane, "partitions-added")
    ends(lane, lane.drain(), 0, 1)
    pushed(lane, 1)
    finish(lane)
