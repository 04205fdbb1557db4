"""What rounds share: the list of faults, counting one once its invariants held, and leaving the system in peace."""
import re
import shlex

import invariants
import programs
import world
from invariants import Breach, demand

FAULTS = {}
FAULTS_OF_THREE = {}
LONG = 25  # seconds after which what a program said is told
SUM = re.compile(
    r"([\d,]+) lines? = ([\d,]+) inserted \+ ([\d,]+) updated \+ ([\d,]+) duplicates? \+ ([\d,]+) rejected")


def fault(name, weight=10, alone=False, brokers=1):
    """A round with this fault. alone: it concerns servers, so no other lane may run. It needs so many brokers."""

    def register(function):
        (FAULTS if brokers == 1 else FAULTS_OF_THREE)[name] = (function, weight, alone)
        return function

    return register


def ends(lane, program, *codes, limit=world.PEACE):
    """Waits for a program's end with one of these exit codes; any but a trap, if none is given."""
    try:
        code = program.wait(limit)
    except programs.TooLong as error:
        raise Breach("I8", "an end in time", str(error))
    lane.tell(f"exit {code} after {program.seconds:.2f} s: {program.command[1]}")
    if program.seconds > LONG:
        lane.tell(f"what it said:\n{program.err}")
    invariants.memory(program)
    if codes and code not in codes or code < 0 and code != -9:
        raise Breach("I7", f"exit code {' or '.join(map(str, codes)) or 'of its own'}", f"{code}: {program}\n{program.err[-2000:]}")
    return code


def injected(lane, name, count=1):
    """A fault happened: it counts once the invariants hold that hold always."""
    lane.tell(f"fault: {name}")
    lane.look = invariants.always(lane)
    if lane.rng.random() < 0.8:
        # Who read by hand and was killed would keep the others waiting for 5 s; nothing depends on it.
        lane.psql.ask("DELETE FROM userload.hand_readers")
    lane.faults[name] = lane.faults.get(name, 0) + count


def stopped(lane, program):
    """SIGTERM, and an end within 10 s."""
    try:
        program.stop()
    except programs.TooLong as error:
        raise Breach("I8", "an end within 10 s of SIGTERM", str(error))


def finish_push(lane, job):
    """To its end, in peace; from then on the job's fate is known."""
    push = lane.push(job)
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
    lines, inserted, updated, duplicates, rejected = [int(number.replace(",", "")) for number in told.groups()]
    demand(
        "I7", (wanted.lines, wanted.inserted, wanted.changed, wanted.rejected),
        (lines, inserted, updated + duplicates, rejected))


def calm(lane):
    for wire in (lane.kafka, lane.database):
        wire.calm()
        wire.cut()


def finish(lane, states=None):
    """Leaves in peace: pushes what was not pushed to its end, loads it, and looks at everything."""
    lane.kill_all()
    calm(lane)
    for job in lane.jobs:
        if job.expected is None:
            if lane.rng.random() < 0.4:
                finish_load(lane, job)
            else:
                finish_push(lane, job)
    ends(lane, lane.drain(), 0, 1)
    invariants.peace(lane, states)


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
