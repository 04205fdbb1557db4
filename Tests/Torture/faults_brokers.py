"""Three brokers, three copies of each partition: the leader dies or is moved under push and work; a broker is gone."""
import signal
import time

from faults_servers import goes
from invariants import Breach
from rounds import any_of, await_jobs, ends, fault, finish, finish_load, finish_push, injected, outcome, pushed, stopped

IN_STEP = 60  # seconds


def leader(lane):
    """Of some partition."""
    copies = lane.servers.admin.copies(lane.name)
    return copies[lane.rng.choice(sorted(copies))][0] if copies else lane.rng.randint(1, 3)


def end(lane, number, how=signal.SIGKILL):
    name = f"broker-{number}"
    goes(lane, name, how)
    lane.tell(f"{name} is gone")


def in_step(lane):
    """All copies are, again."""
    limit = time.monotonic() + IN_STEP
    while copies := [(leader, brokers) for leader, brokers in lane.servers.admin.copies(lane.name).values() if len(brokers) < 3]:
        if time.monotonic() > limit:
            raise SystemExit(f"not in step after {IN_STEP} s: {copies}")
        time.sleep(0.1)


def comes_back(lane, number):
    lane.servers.start(f"broker-{number}")
    in_step(lane)
    lane.tell(f"broker-{number} is back")


def leader_ends(lane, patience, how):
    """While a push, load or drain has run for at most so many seconds, which then comes to its end all the same."""
    pushed(lane, 1)
    program = any_of(lane)
    program.runs_for(lane.rng.uniform(0, patience))
    number = leader(lane)
    end(lane, number, how)
    outcome(lane, program)
    return number


@fault("leader-killed", 10, brokers=3)
def leader_killed(lane):
    """Another broker takes over within seconds; what was not acknowledged is sent again."""
    number = leader_ends(lane, 0.4, signal.SIGKILL)
    injected(lane, "leader-killed")
    if lane.rng.random() < 0.5:
        finish(lane)
    comes_back(lane, number)
    finish(lane)


@fault("leader-moved", 10, brokers=3)
def leader_moved(lane):
    """A broker is stopped in order and gives its partitions away; once it is back it gets them again, under load."""
    number = leader_ends(lane, 0.2, signal.SIGTERM)
    injected(lane, "leader-moved")
    finish(lane)
    comes_back(lane, number)
    limit = time.monotonic() + 4
    while time.monotonic() < limit:
        finish_load(lane, lane.job())
    injected(lane, "leader-moved back")
    finish(lane)


@fault("rolling-restart", 5, brokers=3)
def rolling_restart(lane):
    """One broker after the other is stopped in order and started again, as for an upgrade, while a worker runs and file
    after file is pushed or loaded; the next one waits until all copies are in step."""
    jobs = pushed(lane, 1)
    in_step(lane)
    worker = lane.work()
    for number in lane.rng.sample([1, 2, 3], 3):
        for step in (lambda: end(lane, number, signal.SIGTERM), lambda: comes_back(lane, number)):
            job = lane.job()
            program = lane.rng.choice([lane.push, lane.load])(job)
            program.runs_for(lane.rng.uniform(0, 0.3))
            step()
            ends(lane, program, 0, 1)
            # What it has done, told by a push of what is in already.
            finish_push(lane, job)
            jobs.append(job)
        injected(lane, "rolling-restart")
    await_jobs(lane, jobs)
    stopped(lane, worker)
    finish(lane)


@fault("broker-gone", 5, brokers=3)
def broker_gone(lane):
    """Two copies are enough: everything goes on, and nothing waits."""
    in_step(lane) if lane.servers.admin.partitions(lane.name) else pushed(lane, 1)
    number = lane.rng.randint(1, 3)
    end(lane, number)
    for _ in range(2):
        finish_load(lane, lane.job())
        finish(lane)
    injected(lane, "broker-gone")
    comes_back(lane, number)
    finish(lane)


@fault("two-brokers-gone", 4, brokers=3)
def two_brokers_gone(lane):
    """One copy is not enough: a push does not say that anything was pushed, and goes on once a second broker is back."""
    pushed(lane, 1)
    numbers = lane.rng.sample([1, 2, 3], 2)
    for number in numbers:
        end(lane, number)
    job = lane.job()
    push = lane.push(job)
    if not push.runs_for(lane.rng.uniform(3, 6)) and push.code == 0:
        raise Breach("I7", "no push that ended well on one copy of three", push.out)
    for number in numbers:
        lane.servers.start(f"broker-{number}")
    ends(lane, push)
    in_step(lane)
    injected(lane, "two-brokers-gone")
    finish(lane)
