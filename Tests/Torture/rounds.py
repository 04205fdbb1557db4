"""What rounds share: the list of faults, counting one once its invariants held, and leaving the system in peace."""
import json
import re
import shlex
import time

import invariants
import programs
import world
from invariants import Breach, demand

FAULTS = {}
FAULTS_OF_THREE = {}
DISTURBED = (0, 1, 3, 5, 6, 7, 8, 9, 130)
LONG = 25  # seconds after which what a program said is told
SUM = re.compile(
    r"([\d,]+) lines? = ([\d,]+) inserted \+ ([\d,]+) updated \+ ([\d,]+) duplicates? \+ ([\d,]+) rejected")


def fault(name, weight=10, alone=False, brokers=1):
    """A round with this fault. alone: it concerns servers, so no other lane may run. It needs so many brokers."""

    def register(function):
        (FAULTS if brokers == 1 else FAULTS_OF_THREE)[name] = (function, weight, alone)
        return function

    return register


def ends(lane, program, *codes, limit=world.LIMIT):
    """Waits for a program's end with one of these exit codes; none given: any that a fault may lead to."""
    try:
        code = program.wait(limit)
    except programs.TooLong as error:
        raise Breach("I8", "an end in time", str(error))
    lane.tell(f"exit {code} after {program.seconds:.2f} s: {program.command[1]}")
    if program.seconds > LONG:
        lane.tell(f"what it said:\n{program.err}")
    invariants.memory(lane, program)
    if code not in (codes or DISTURBED) and not (code == -9 and program.is_killed):
        raise Breach("I7", f"exit code {' or '.join(map(str, codes or DISTURBED))}", f"{code}: {program}\n{program.err[-2000:]}")
    if program.command[1] == "load" and code in (0, 1):
        true_sums(lane, program)
    return code


def true_sums(lane, load):
    """What a load said of jobs that it loaded is what the database says, and its exit code agrees."""
    columns = "slug, lines, inserted, updated, duplicates, rejected"
    rows = lane.psql.ask(f"SELECT {columns} FROM userload.job_status WHERE state = 'completed'").splitlines()
    database = {slug: list(map(int, counts)) for slug, *counts in (row.split("|") for row in rows)}
    slug, rejected = None, 0
    for line in load.out.splitlines():
        slug = next((word for word in line.split() if word in database), slug)
        if told := SUM.search(line):
            demand("I7", (line, database.get(slug)), (line, numbers(told)))
            rejected += numbers(told)[-1]
    demand("I7", (str(load), 1 if rejected else 0), (str(load), load.code))


def numbers(told):
    return [int((number or "0").replace(",", "")) for number in told.groups()]


def injected(lane, name, count=1):
    """A fault happened: it counts once the invariants hold that hold after each."""
    lane.tell(f"fault: {name}")
    invariants.always(lane)
    if lane.chance.random() < 0.8:
        # Another reader would wait for 3 s if the one that was killed had the lease. Sometimes it does.
        lane.psql.ask("DELETE FROM userload.hand_readers")
    lane.faults[name] = lane.faults.get(name, 0) + count


def stopped(lane, program, *codes):
    """SIGTERM, and an end within 10 s."""
    try:
        program.stop()
    except programs.TooLong as error:
        raise Breach("I8", "an end within 10 s of SIGTERM", str(error))
    return ends(lane, program, *(codes or (0, 130)))


def said(lane, program, words, limit=20):
    """Waits until it has said so."""
    if not program.says(words, limit):
        raise Breach("I7", words, f"{program}: {program.err[-2000:]}")


def any_of(lane):
    """A load, a drain, or a worker of the group, each with something to load."""
    draw = lane.rng.random()
    if draw < 0.4:
        return lane.load(lane.job())
    pushed(lane)
    return lane.drain() if draw < 0.8 else lane.work()


def outcome(lane, program):
    """After what happened to it: its end, and that of what it pushed; a worker goes on, and loads everything."""
    if program.command[1] != "work" or "--drain" in program.command:
        ends(lane, program)
        for job in lane.jobs:
            if job.expected is None:
                finish_push(lane, job)
        return
    await_jobs(lane, [job for job in lane.jobs if job.expected])
    stopped(lane, program)


def await_jobs(lane, jobs):
    """The workers that run load them, within a bound."""
    paths = ", ".join(f"'{job.path}'" for job in jobs)
    sql = f"SELECT count(*) FROM userload.job_status WHERE state = 'completed' AND file IN ({paths})"
    if not await_answer(lane, sql, str(len(jobs)), world.LIMIT):
        raise Breach("I8", f"{len(jobs)} jobs completed within {world.LIMIT} s", lane.psql.ask(sql))


def await_answer(lane, sql, wanted, limit):
    """Whether the database came to say so."""
    end = time.monotonic() + limit
    while (answer := lane.psql.ask(sql)) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    return answer == wanted


def finish_push(lane, job):
    """To its end, in peace; from then on the job's fate is known."""
    ended_push(lane, job, lane.push(job))


def ended_push(lane, job, push):
    ends(lane, push, 0)
    if not re.fullmatch(r"[0-9a-z]{8}\n", push.out):
        raise Breach("I7", "a slug", repr(push.out))
    job.slug = push.out.strip()
    lane.expect(job)


def finish_load(lane, job):
    """The same with load, whose exit code and sum must be true."""
    load = lane.load(job)
    code = ends(lane, load, 0, 1)
    lane.expect(job)
    wanted = job.expected
    demand("I7", (str(load), 1 if wanted.rejected else 0), (str(load), code))
    told = SUM.search(load.out)
    if not told:
        raise Breach("I7", "the sum of the job", load.out)
    lines, inserted, updated, duplicates, rejected = numbers(told)
    demand(
        "I7", (wanted.lines, wanted.inserted, wanted.changed, wanted.rejected),
        (lines, inserted, updated + duplicates, rejected))


def calm(lane):
    for wire in (lane.kafka, lane.database):
        wire.calm()
        wire.cut()


def finish(lane):
    """Leaves in peace: pushes what was not pushed to its end, loads it, and looks at everything."""
    if running := [str(program) for program in lane.programs if program.poll() is None]:
        raise Breach("I8", "the end of every command", running)
    calm(lane)
    for job in lane.jobs:
        if job.expected is None:
            if lane.rng.random() < 0.4:
                finish_load(lane, job)
            else:
                finish_push(lane, job)
    ends(lane, lane.drain(), 0, 1)
    invariants.peace(lane)
    if lane.chance.random() < 0.1:
        true_stats(lane)


def true_stats(lane):
    """Of the command. Only the first bound belongs to the group above it."""
    bounds = sorted(lane.chance.sample(range(1, 150), 4))
    stats = lane.userload("stats", "--json", "--groups", ",".join(map(str, bounds)))
    ends(lane, stats, 0)
    ages = [age for _, age in lane.table.rows]
    wanted = [0] * (len(bounds) + 1)
    for age in ages:
        wanted[sum(age > bound or age == bound == bounds[0] for bound in bounds)] += 1
    document = json.loads(stats.out)
    demand("I10", (len(ages), wanted), (document["people"], [group["count"] for group in document["groups"]]))


def repaired(lane, job, option, slug):
    """By the command that `status` prints, as it stands there; whose file is lost with its start markers is named here."""
    status = lane.userload("status", slug)
    ends(lane, status)
    printed = re.search(rf"`userload (push {option}[^`]*)`", status.out)
    if not printed:
        raise Breach("I7", f"a command with {option}", status.out)
    words = shlex.split(printed[1])
    if status.out.startswith("unknown file "):
        words += ["--on-duplicate", job.mode, job.path]
    ends(lane, lane.userload(*words), 0)


def pushed(lane, count=None, **choice):
    """Some jobs, pushed to their ends and not loaded."""
    jobs = [lane.job(**choice) for _ in range(count or lane.rng.choice([1, 1, 2]))]
    for job in jobs:
        finish_push(lane, job)
    return jobs
