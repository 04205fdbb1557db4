"""What happens to a topic: deleted, made again with as many, fewer or more partitions, cut off at its front, widened."""
import re

from invariants import Breach, demand
from rounds import DISTURBED, await_jobs, ended_push, ends, fault, finish, finish_push, injected, outcome, pushed, repaired, said, stopped


def remake(lane, partitions):
    lane.servers.admin.delete(lane.name)
    lane.servers.admin.create(lane.name, partitions)
    lane.partitions = partitions


def other_count(lane):
    """As many partitions as there are, fewer or more."""
    return lane.rng.choice([lane.partitions, max(1, lane.partitions - 1), lane.partitions + 1])


@fault("topic-remade", 12)
def topic_remade(lane):
    """Jobs that were pushed and not loaded are gone; the same command sends them again, into whatever is there now."""
    for _ in range(2):
        # None of them is partly loaded: with another partition count that would become another job, and nobody could
        # say beforehand which of the two brings a row.
        before, partitions = lane.partitions, other_count(lane)
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
        # Its journal speaks of the topic that is gone.
        push = lane.push(jobs[0])
        ends(lane, push, 0)
        words = "is not the one this job went to before"
        if partitions == before and words not in push.err and "already pushed" not in push.err:
            raise Breach("I7", words, push.err)
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
    """A worker that runs finds out by its anchor, within 10 s and a little; the new topic may have another shape."""
    jobs = pushed(lane, 1)
    worker = lane.work()
    await_jobs(lane, jobs)
    remake(lane, other_count(lane))
    injected(lane, "topic-remade-under-work")
    jobs = pushed(lane)
    await_jobs(lane, jobs)
    said(lane, worker, "was created again or cut")
    stopped(lane, worker)
    finish(lane)


@fault("topic-deleted-under-push", 4)
def topic_deleted_under_push(lane):
    """And made again, with as many partitions, fewer or more."""
    job = lane.job(lines=400)
    push = lane.push(job)
    if push.runs_for(lane.rng.uniform(0.03, 0.12)) and lane.servers.admin.partitions(lane.name):
        remake(lane, other_count(lane))
        injected(lane, "topic-deleted-under-push")
    ends(lane, push)
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
    if lane.rng.random() < 0.5:
        reader = lane.drain()
        ends(lane, reader)
    else:
        reader = lane.work()
    said(lane, reader, "expired before they were read")
    if not re.search(r"offsets \d+ to \d+ expired before they were read", reader.err):
        raise Breach("I7", "the range that expired", reader.err)
    injected(lane, "records-deleted")
    ends(lane, lane.userload("push", "--resend", "--on-duplicate", job.mode, job.path), 0)
    stopped(lane, reader, *DISTURBED)
    finish(lane)


@fault("records-deleted-half-way", 8)
def records_deleted_half_way(lane):
    """Some of a job: what comes behind the hole is not loaded, the job is stalled, and other jobs load."""
    lane.move_on()
    job = lane.job(lines=200, mode="skip")
    finish_push(lane, job)
    others = pushed(lane, 1, apart=True)
    lane.servers.admin.delete_records(lane.name, {0: lane.rng.randrange(2, 20)})
    ends(lane, lane.drain(), 3)
    injected(lane, "records-deleted-half-way")
    await_jobs(lane, others)
    state = lane.psql.ask(f"SELECT state FROM userload.job_status WHERE slug = '{job.slug}'")
    demand("I1", "stalled", state)
    repaired(lane, job, "--resend", job.slug)
    finish(lane)


@fault("partitions-added", 6)
def partitions_added(lane):
    """Under a drain, a worker, or a push."""
    pushed(lane, 1, mode="skip")
    # A key's partition depends on how many there are.
    job = lane.job(mode="skip", apart=True)
    program = lane.rng.choice([lane.drain, lane.work, lambda: lane.push(job)])()
    runs = program.runs_for(lane.rng.uniform(0.05, 0.3))
    if lane.partitions < 8:
        lane.partitions += 1
        lane.servers.admin.add_partitions(lane.name, lane.partitions)
        injected(lane, "partitions-added", 1 if runs else 0)
    if program.command[1] == "push":
        # It goes on in the partitions that it began with; with the new ones it would be another job.
        ended_push(lane, job, program)
    else:
        finish_push(lane, job)
        outcome(lane, program)
    finish(lane)
