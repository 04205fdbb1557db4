"""kill -9 of push, load and work: at random times, and at places named in the program."""
import time

from rounds import ends, fault, finish, injected, pushed, stopped

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
        worker.says("owns", 15)
        time.sleep(lane.rng.uniform(0, 0.2))
        if lane.rng.random() < 0.5:
            lane.drain().wait(60)
        stopped(lane, worker)
        injected(lane, "sigterm")
        finish(lane)
