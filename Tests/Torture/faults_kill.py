"""kill -9 of push, load and work: at random times, and at places named in the program."""
import signal
import time

import world
from invariants import Breach
from rounds import DISTURBED, await_jobs, calm, ends, fault, finish, injected, pushed, said, stopped

PUSH_PLACES = ["push.start", "push.transmit", "push.transmit", "push.verify", "journal.write", "journal.synced", "journal.written"]
WORK_PLACES = [
    "load.jobsWritten", "load.begun", "load.swapped", "load.rowsCopied", "load.rejectsWritten", "load.counted",
    "load.committed", "positions.created",
]  # fmt: skip


def kill_at_random(lane, start, usual, times, name):
    """Kills what `start` starts, again and again; `usual`: seconds it takes."""
    for _ in range(times):
        program = start()
        if not program.runs_for(lane.rng.uniform(0.005, usual)):
            ends(lane, program)
            continue
        if program.kill():
            injected(lane, name)


@fault("kill-push", 24)
def kill_push(lane):
    for _ in range(2):
        job = lane.job()
        kill_at_random(lane, lambda: lane.push(job), 0.12, 5, "kill-push")
        finish(lane)


@fault("kill-work", 24)
def kill_work(lane):
    for _ in range(2):
        pushed(lane)
        kill_at_random(lane, lane.drain, 0.4, 5, "kill-work")
        finish(lane)


@fault("kill-service", 8)
def kill_service(lane):
    """Workers of a group: some are killed, at random or at a place, and the one that is left loads everything."""
    jobs = pushed(lane)
    left = lane.work()
    for _ in range(3):
        if lane.rng.random() < 0.5:
            place = f"{lane.rng.choice(WORK_PLACES)}:{lane.rng.randint(1, 2)}"
            worker = lane.work(crash=place)
            jobs += pushed(lane, 1)
            worker.runs_for(lane.rng.uniform(0.5, 1.5))
            name = f"crash {place.partition(':')[0]}" if worker.poll() == -9 else "kill-service"
        else:
            worker = lane.work()
            jobs += pushed(lane, 1)
            worker.runs_for(lane.rng.uniform(0, 1.2))
            name = "kill-service"
        worker.kill()
        injected(lane, name)
    await_jobs(lane, jobs)
    stopped(lane, left)
    finish(lane)


@fault("kill-load", 12)
def kill_load(lane):
    job = lane.job()
    kill_at_random(lane, lambda: lane.load(job), 0.8, 5, "kill-load")
    finish(lane)


@fault("kill-large", 2)
def kill_large(lane):
    """Many batches."""
    job = lane.job(lines=20_000)
    kill_at_random(lane, lambda: lane.push(job), 1.5, 3, "kill-push")
    kill_at_random(lane, lambda: lane.load(job), 3, 3, "kill-load")
    finish(lane)
    lane.move_on()


@fault("kill-slow-push", 4)
def kill_slow_push(lane):
    """Half-way, with a journal of what was acknowledged: the next push goes on behind it."""
    job = lane.job(lines=3_000)
    lane.kafka.rate = 100_000
    push = lane.push(job)
    if push.runs_for(lane.rng.uniform(1.3, 2.2)) and push.kill():
        injected(lane, "kill-slow-push")
    finish(lane)


def crash(lane, start, places, times, most, name):
    for _ in range(times):
        place = f"{lane.rng.choice(places)}:{lane.rng.randint(1, most)}"
        program = start(place)
        if ends(lane, program) == -9:
            injected(lane, f"{name} {place.partition(':')[0]}")


@fault("crash-push", 24)
def crash_push(lane):
    for _ in range(2):
        job = lane.job()
        crash(lane, lambda place: lane.push(job, crash=place), PUSH_PLACES, 4, 5, "crash")
        finish(lane)


@fault("crash-work", 30)
def crash_work(lane):
    for _ in range(2):
        pushed(lane)
        crash(lane, lambda place: lane.drain(crash=place), WORK_PLACES, 4, 2, "crash")
        finish(lane)


@fault("crash-anchor", 3)
def crash_anchor(lane):
    """A worker moves its anchor every 10 s."""
    pushed(lane, 2)
    worker = lane.work(crash="positions.anchor:1")
    if ends(lane, worker, limit=40) == -9:
        injected(lane, "crash positions.anchor")
    finish(lane)


@fault("many-files", 8)
def many_files(lane):
    """Some in one command, one behind the other in one producer session, loaded in one batch."""
    jobs = [lane.job(lines=lane.rng.choice([1, 3, 12]), mode="skip") for _ in range(8)]
    words = ["push", "--partitions", str(lane.partitions), *[job.path for job in jobs]]
    for _ in range(3):
        push = lane.userload(*words)
        if push.runs_for(lane.rng.uniform(0.02, 0.5)) and push.kill():
            injected(lane, "kill-push")
    ends(lane, lane.userload(*words), 0)
    for job in jobs:
        lane.expect(job)
    crash(lane, lambda place: lane.drain(crash=place), WORK_PLACES, 2, 1, "crash")
    finish(lane)


@fault("sigterm", 8)
def sigterm(lane):
    """A worker finishes what it has in hand, and ends within 10 s."""
    for _ in range(2):
        pushed(lane)
        worker = lane.work()
        said(lane, worker, "owns")
        time.sleep(lane.rng.uniform(0, 0.2))
        if lane.rng.random() < 0.5:
            ends(lane, lane.drain(), 0, 1)
        stopped(lane, worker)
        injected(lane, "sigterm")
        finish(lane)


@fault("sigterm-at-once", 10)
def sigterm_at_once(lane):
    """Any command ends within 10 s, at any moment, also while a server is away, slow or silent, or a table is locked."""
    for _ in range(2):
        wire = lane.rng.choice([lane.kafka, lane.database])
        trouble = lane.rng.choice(["none", "refused", "silent", "slow", "locked"])
        job = lane.job()
        other = world.Psql(lane.name)
        if trouble == "locked":
            other.ask("BEGIN; LOCK TABLE users, userload.positions, userload.jobs IN ACCESS EXCLUSIVE MODE")
        program = lane.rng.choice([lambda: lane.push(job), lambda: lane.load(job), lane.drain, lane.work])()
        program.runs_for(lane.rng.choice([0, lane.rng.uniform(0, 0.6)]))
        if trouble == "refused":
            wire.refuse()
        elif trouble == "silent":
            wire.until_stop = lane.rng.randrange(4_000)
        elif trouble == "slow":
            wire.rate = 20_000
        if program.runs_for(lane.rng.uniform(0, 1)):
            # Before it has set up its handler, the signal ends it as it would end any program.
            stopped(lane, program, *DISTURBED, -signal.SIGTERM)
            other.close()
            calm(lane)
            injected(lane, f"sigterm {trouble}")
        other.close()
        ends(lane, program, *DISTURBED, -signal.SIGTERM)
        finish(lane)


@fault("outage", 5)
def outage(lane):
    """A server is away for longer than --stall-timeout: push, load and drain end with its exit code, and say what to do."""
    wire, code = lane.rng.choice([(lane.kafka, 6), (lane.database, 7)])
    job = lane.job()
    pushed(lane, 1)
    commands = [lane.push_words(job, "load"), ("work", "--drain")]
    if wire is lane.kafka:
        commands.append(lane.push_words(job))
    wire.refuse()
    words = [word for word in lane.rng.choice(commands) if word not in ("--stall-timeout", f"{world.STALL}s")]
    program = lane.userload(*words, "--stall-timeout", "3s")
    ends(lane, program, code, limit=13)
    server = "Kafka" if wire is lane.kafka else "Postgres"
    if server not in program.err:
        raise Breach("I7", f"a word on {server}", program.err)
    calm(lane)
    injected(lane, "outage")
    finish(lane)
