"""Transactions that end otherwise than asked for or stand still half-way, batches of a log that is gone, a topic that stays
away, rejects that are fixed twice."""
import csv
import re

import people
from faults_servers import overtaken
from faults_topic import remake
from invariants import Breach, demand
from rounds import await_jobs, ends, fault, finish, finish_load, finish_push, injected, numbers, pushed, stopped

DRAINED = re.compile(
    r"drained[:;].*? ([\d,]+) inserted, (?:([\d,]+) updated, )?([\d,]+) duplicates?, ([\d,]+) rejects?")


@fault("commit-rolled-back", 8)
def commit_rolled_back(lane):
    """A transaction failed unseen, so that COMMIT is answered with ROLLBACK and no error: all of it is written again, and
    counted once."""
    for _ in range(2):
        jobs = pushed(lane)
        drain = lane.drain(abort=f"load.committing:{lane.rng.choice([1, 1, 2])}")
        ends(lane, drain, 0, 1)
        told = DRAINED.search(drain.err)
        if not told:
            raise Breach("I7", "the sum of the run", drain.err)
        inserted, updated, duplicates, rejected = numbers(told)
        wanted = [job.expected for job in jobs]
        demand(
            "I7", tuple(sum(getattr(each, name) for each in wanted) for name in ("inserted", "changed", "rejected")),
            (inserted, updated + duplicates, rejected))
        if drain.reached("load.committing"):
            injected(lane, "commit-rolled-back")
        finish(lane)


@fault("topic-remade-under-batch", 5)
def topic_remade_under_batch(lane):
    """A worker stands still with a batch of the old topic, while of the new one another has read just as far: only the
    generation tells that the batch's positions are of another log."""
    lane.move_on(1)
    first = lane.job(mode="skip")
    finish_push(lane, first)
    ends(lane, lane.drain(), 0, 1)
    positions = "SELECT generation, next_offset FROM userload.positions"
    generation, offset = lane.psql.ask(positions).split("|")
    lost = lane.job(lines=40, mode="skip")
    ends(lane, lane.push(lost), 0)
    worker = lane.drain(stop=lane.rng.choice(["load.begun:1", "load.swapped:1"]))
    if not worker.stands_still(20):
        raise SystemExit(f"no batch: {worker.err}")
    remake(lane, 1)
    ends(lane, lane.push(first), 0)
    lane.psql.ask("DELETE FROM userload.hand_readers")
    ends(lane, lane.drain(), 0, 1)
    now = lane.psql.ask(positions)
    if now != f"{int(generation) + 1}|{offset}":
        raise SystemExit(f"the new topic was to be read up to {offset}: {now}")
    # Longer than what was lost, so that a position of the old topic is not behind its end.
    finish_push(lane, lane.job(lines=400, mode="skip"))
    worker.go_on()
    ends(lane, worker, 0, 1, 3)
    injected(lane, "topic-remade-under-batch")
    finish(lane)


@fault("zombie-in-copy", 5)
def zombie_in_copy(lane):
    """It stands still between two pieces of COPY, holding its locks: the others end its session."""
    pushed(lane, 1, lines=3_000)
    first = lane.drain(stop="load.copying:1")
    if not first.stands_still(20):
        raise SystemExit(f"nothing was copied: {first.err}")
    overtaken(lane, first, "zombie-in-copy")


GONE = 5  # --stall-timeout, in seconds
SAYS = r"there is no topic|topic \S+ does not exist|Unknown (topic|partition)"


def gone(lane, program, *codes):
    """It ends in its time, and what it says is true."""
    ends(lane, program, *codes, limit=GONE + 10)
    if program.code not in (0, 1) and not re.search(SAYS, program.err):
        raise Breach("I7", "a word on the topic", f"{program.code}: {program.err}")


@fault("topic-gone", 4)
def topic_gone(lane):
    """Deleted for good under a worker, a drain, and a push or a load half-way: each ends in its time; once there is a topic
    again, all goes on."""
    pushed(lane, 1)
    worker = lane.work()
    await_jobs(lane, lane.jobs)
    pushed(lane, 1, lines=40)
    limit = ("--stall-timeout", f"{GONE}s")
    job = lane.job(lines=400)
    command = lane.rng.choice(["push", "load"])
    words = lane.push_words(job, command)[:-1]
    half_way = lane.userload(*words, *limit, job.path, stop=f"push.transmit:{lane.rng.randint(2, 150)}")
    half_way.stands_still(20)
    drain = lane.userload("work", "--drain", *limit)
    drain.runs_for(lane.rng.uniform(0, 0.5))
    lane.servers.admin.delete(lane.name)
    half_way.go_on()
    gone(lane, half_way)
    gone(lane, drain)
    gone(lane, lane.userload("work", "--drain", *limit), 3, 6)
    stopped(lane, worker)
    injected(lane, "topic-gone")
    finish(lane)


def fix_file(lane, rows, **cells):
    """The rejects, filled in."""
    path = f"{lane.folder}/fix-{len(lane.programs)}.csv"
    with open(path, "w", newline="") as file:
        out = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        out.writeheader()
        for row in rows:
            lane.people.count += 1
            name = {"name": f"Corrected {lane.people.count}", "phoneNumber": "", "email": ""}
            out.writerow(row | name | cells)
    return path


@fault("corrected-again", 6)
def corrected_again(lane):
    """Rejects that are fixed stay so, by the job that did it, whatever later files bring for them."""
    lane.move_on()
    job = lane.job(lines=60, mode="skip", form=people.CSV)
    finish_load(lane, job)
    if not job.expected.rejected:
        return finish(lane)
    slug = lane.psql.ask(f"SELECT slug FROM userload.job_status WHERE file = '{job.path}'")
    path = f"{lane.folder}/rejects.csv"
    ends(lane, lane.userload("rejects", slug, "-o", path), 0)
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    fixed = (
        "SELECT count(*), count(DISTINCT fixed_by), min(fixed_by::text) FROM userload.rejects AS r "
        f"JOIN userload.job_status AS j ON j.id = r.job WHERE j.file = '{job.path}' AND fixed_by IS NOT NULL"
    )
    ends(lane, lane.userload("load", fix_file(lane, rows, age="33")), 0)
    before = lane.psql.ask(fixed)
    demand("I1", [str(len(rows)), "1"], before.split("|")[:2])
    for age in lane.rng.sample(["34", "abc"], 2):
        ends(lane, lane.userload("load", fix_file(lane, rows, age=age)), 0 if age == "34" else 1)
        demand("I1", before, lane.psql.ask(fixed))
        injected(lane, "corrected-again")
    lane.move_on()
