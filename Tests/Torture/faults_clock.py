"""The clock is set, forward and back, while programs run: what is timed goes by the monotonic clock, which is not touched."""
import os
import re

from invariants import Breach
from rounds import await_jobs, ends, fault, finish, finish_push, injected, pushed, said, stopped

STEPS = ["+3", "-3", "+3600", "-3600", "+86400", "-86400", "+1000000"]  # seconds


class Clock:
    def __init__(self, lane):
        self.lane = lane
        self.path = f"{lane.folder}/clock"
        self.set("+0")
        self.environment = {
            "LD_PRELOAD": os.environ["CLOCK_LIBRARIES"], "FAKETIME_TIMESTAMP_FILE": self.path, "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip

    def set(self, step):
        with open(f"{self.path}.new", "w") as file:
            file.write(f"{step}\n")
        os.rename(f"{self.path}.new", self.path)
        self.lane.tell(f"clock {step}")

    def moves(self, program):
        """Until the program has ended, or for some seconds; one fault, however often."""
        for step in range(20):
            if not program.runs_for(self.lane.rng.uniform(0.05, 0.3)):
                break
            self.set(self.lane.rng.choice(STEPS))
            injected(self.lane, "clock-set", 1 if step == 0 else 0)


@fault("clock-set", 8)
def clock_set(lane):
    """Under push, load and drain: none ends otherwise than in peace."""
    clock = Clock(lane)
    job = lane.job(lines=400)
    push = lane.push(job, environment=clock.environment)
    clock.moves(push)
    ends(lane, push, 0)
    finish_push(lane, job)
    drain = lane.drain(environment=clock.environment)
    clock.moves(drain)
    ends(lane, drain, 0, 1)
    load = lane.load(lane.job(), environment=clock.environment)
    clock.moves(load)
    ends(lane, load, 0, 1)
    finish(lane)


@fault("clock-set-under-work", 3)
def clock_set_under_work(lane):
    """Under a worker of the service, which goes on, and tells the time that was set."""
    clock = Clock(lane)
    pushed(lane, 1)
    worker = lane.work(environment=clock.environment)
    said(lane, worker, "owns")
    for step in lane.rng.sample(["+86400", "-86400", "+3600", "-3600"], 3):
        clock.set(step)
        await_jobs(lane, pushed(lane))
        injected(lane, "clock-set")
    stopped(lane, worker)
    if len(days := set(re.findall(r"^\d{4}-\d\d-\d\d \d\d", worker.err, re.MULTILINE))) < 2:
        raise Breach("I7", "log lines of more than one hour: the clock was set", days)
    finish(lane)
