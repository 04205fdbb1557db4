"""Random faults for some minutes, from a seed, in lanes beside each other; stops at the first breach.

torture.py [--minutes N] [--seed S] [--bug NAME] [--only FAULT,…] [--lanes N], with the servers' environment from `run`.
"""
import argparse
import collections
import os
import random
import sys
import threading
import time
import traceback

import faults_brokers
import faults_clock
import faults_commit
import faults_database
import faults_files
import faults_kill
import faults_mock
import faults_servers
import faults_topic
import faults_transactions
import faults_wire
import invariants
import proxy
import rounds
import world
from invariants import Breach

ROUNDS_A_PLACE = 8
LONG = 30  # seconds of a round that is told, so that somebody may ask why


class Turns:
    """Rounds run beside each other, but those that concern servers alone."""

    def __init__(self):
        self.condition = threading.Condition()
        self.running = 0
        self.waiting = 0

    def enter(self, alone):
        with self.condition:
            if alone:
                self.waiting += 1
                self.condition.wait_for(lambda: self.running == 0)
                self.waiting -= 1
                self.running = -1
            else:
                self.condition.wait_for(lambda: self.running >= 0 and not self.waiting)
                self.running += 1

    def leave(self):
        with self.condition:
            self.running = max(0, self.running - 1)
            self.condition.notify_all()


class Run:
    def __init__(self, options):
        self.options = options
        self.end = time.monotonic() + options.minutes * 60
        self.turns = Turns()
        self.breach = None
        self.lock = threading.Lock()

    def lane(self, lane):
        try:
            while time.monotonic() < self.end and not self.breach:
                self.round(lane)
        except BaseException as error:  # noqa: BLE001, a lane's thread tells its end to the others
            self.broken(lane, error)

    def watch(self, lane):
        """What holds at any moment, while the lane's rounds go on."""
        try:
            while not self.breach:
                invariants.watched(lane)
                time.sleep(0.2)
        except BaseException as error:  # noqa: BLE001, as above
            self.broken(lane, error)

    def round(self, lane):
        faults = rounds.FAULTS_OF_THREE if "KAFKA_BROKERS" in os.environ else rounds.FAULTS
        names = self.options.only.split(",") if self.options.only else sorted(faults)
        lane.rng.seed(f"{lane.seed}:{lane.number}:{lane.rounds}")
        lane.contents.seed(f"{lane.seed}:{lane.number}:{lane.rounds}")
        name = lane.rng.choices(names, [faults[name][1] for name in names])[0]
        function, _, alone = faults[name]
        self.turns.enter(alone)
        try:
            if lane.psql is None or lane.rounds % ROUNDS_A_PLACE == 0:
                lane.move_on()
            lane.rounds += 1
            told = len(lane.story)
            lane.tell(f"round {lane.rounds}: {name}")
            before = sum(lane.faults.values())
            began = time.monotonic()
            function(lane)
            if time.monotonic() - began > LONG:
                print("\n".join(lane.story[told:]), flush=True)
            if self.options.verbose:
                count = sum(lane.faults.values()) - before
                say(f"lane {lane.number} round {lane.rounds}: {name}, {count} faults, {time.monotonic() - began:.1f} s")
        finally:
            self.turns.leave()

    def broken(self, lane, error):
        with self.lock:
            first, self.breach = self.breach is None, self.breach or error
            if not first:
                return
            print("\n".join(lane.story))
            if isinstance(error, Breach):
                print(f"BREACH of {error}")
            else:
                traceback.print_exception(error)
            print(f"seed {self.options.seed}, lane {lane.number}, round {lane.rounds}; logs: {lane.folder}")
            sys.stdout.flush()


def say(words):
    print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--seed", default=str(random.randrange(10**9)))
    parser.add_argument("--bug")
    parser.add_argument("--only")
    parser.add_argument("--lanes", type=int, default=3)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if options.bug and not options.only:
        import bugs

        options.only = bugs.BUGS[options.bug]
    say(f"seed {options.seed}" + (f", bug {options.bug}" if options.bug else ""))
    run = Run(options)
    servers = world.Servers(proxy.Loop())
    lanes = [world.Lane(number, servers, options.seed, options.bug) for number in range(options.lanes)]
    for lane in lanes:
        lane.faults = {}
        lane.rounds = 0
        lane.watched = 0
        threading.Thread(target=run.watch, args=(lane,), daemon=True).start()
    threads = [threading.Thread(target=run.lane, args=(lane,), daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    while not run.breach and any(thread.is_alive() for thread in threads):
        threads[0].join(0.05) if threads[0].is_alive() else time.sleep(0.05)
    for lane in lanes:
        lane.kill_all()
    total = collections.Counter()
    for lane in lanes:
        total.update(lane.faults)
    for name, count in sorted(total.items()):
        print(f"{count:6} {name}")
    faults, count, looks = sum(total.values()), sum(lane.rounds for lane in lanes), sum(lane.watched for lane in lanes)
    say(f"{faults} faults in {count} rounds, {looks} looks while they were under way, seed {options.seed}")
    if run.breach:
        with run.lock:  # it has been told
            sys.stdout.flush()
        os._exit(1)


if __name__ == "__main__":
    main()
