"""Small jobs, and servers that are far away: seconds, and what is wanted of them (issue "Quick when small, quick when
far"). The broker has Kafka's defaults. "50 ms away": both servers behind `line.py`, 25 ms each way.

small.py [--runs N] [--only X] [--librdkafka DIR], with the servers' environment from `run`.
"""
import argparse
import os
import signal
import statistics
import subprocess
import sys
import time

import world

LOCAL = {}
FAR = {"KAFKA_BROKER": os.environ["KAFKA_FAR"], "DB_PORT": os.environ["DB_PORT_FAR"]}
MANY = 1_000


class Bench:
    def __init__(self, library):
        self.library = library
        self.number = 0
        self.people = 0

    def fresh(self):
        """A topic and a database of its own, with its tables."""
        self.number += 1
        name = f"small_{self.number}"
        world.psql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        world.psql("postgres", f"CREATE DATABASE {name}")
        place = world.environment(name, name)
        self.run(place, "migrate")
        return place

    def file(self, rows=10):
        path = f"{world.WORK}/small-{self.people}.csv"
        with open(path, "w") as out:
            out.write("name,age\n")
            for _ in range(rows):
                self.people += 1
                out.write(f"Person {self.people},{self.people % 100}\n")
        return path

    def run(self, place, *arguments, far=LOCAL, library=None, codes=(0,)):
        """Runs userload and returns the seconds it took."""
        changes = {"LD_LIBRARY_PATH": library} if library else {}
        began = time.monotonic()
        result = subprocess.run(
            [world.USERLOAD, *arguments], env=place | far | changes, stdin=subprocess.DEVNULL, capture_output=True,
            text=True,
        )
        seconds = time.monotonic() - began
        if result.returncode not in codes:
            raise SystemExit(f"userload {' '.join(arguments)}: exit code {result.returncode}\n{result.stderr}")
        return seconds

    def expect(self, place, rows):
        found = int(world.psql(place["DB_NAME"], "SELECT count(*) FROM users"))
        world.expect(place["DB_NAME"], found, rows)

    # Rows: each returns its seconds, or a ratio.

    def load(self, far=LOCAL, library=None):
        place = self.fresh()
        self.run(place, "load", self.file())
        seconds = self.run(place, "load", self.file(), far=far, library=library)
        self.expect(place, 20)
        return seconds

    def drain_nothing(self):
        place = self.fresh()
        self.run(place, "load", self.file())
        return self.run(place, "work", "--drain")

    def drain_after_kill(self):
        place = self.fresh()
        self.run(place, "load", self.file())
        log = f"{world.WORK}/worker.log"
        with open(log, "wb") as errors:
            worker = subprocess.Popen([world.USERLOAD, "work"], env=place, stderr=errors, stdin=subprocess.DEVNULL)
            while b"owns" not in open(log, "rb").read():
                time.sleep(0.05)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        self.run(place, "push", self.file())
        seconds = self.run(place, "work", "--drain")
        self.expect(place, 20)
        return seconds

    def push(self, far=LOCAL, library=None):
        place = self.fresh()
        self.run(place, "push", self.file())
        return self.run(place, "push", self.file(), far=far, library=library)

    def push_again(self):
        place = self.fresh()
        file = self.file()
        self.run(place, "push", file)
        return self.run(place, "push", file, far=FAR)

    def far_against_local(self):
        """Two loads of 400,000 rows, one after the other; the ratio of their times."""
        seconds = []
        for far in (LOCAL, FAR):
            place = self.fresh()
            seconds.append(self.run(place, "load", world.data_file("csv", 400_000, "random", 1), far=far))
            self.expect(place, 400_000)
        return seconds[1] / seconds[0]

    def many(self):
        place = self.fresh()
        seconds = self.run(place, "load", "--quiet", *[self.file() for _ in range(MANY)])
        self.expect(place, 10 * MANY)
        return seconds

    def answers(self, *arguments):
        place = self.fresh()
        file = self.file()
        self.run(place, "load", file)
        return self.run(place, *[word.replace("FILE", file) for word in arguments])

    def other_library(self, step):
        """The time with the other librdkafka, divided by the time with the system's."""
        seconds = []
        for library in (None, self.library):
            place = self.fresh()
            file = world.data_file("csv", 1_000_000, "random", 1)
            push = self.run(place, "push", file, library=library)
            work = self.run(place, "work", "--drain", library=library)
            self.expect(place, 1_000_000)
            seconds.append({"push": push, "work": work}[step])
        return seconds[1] / seconds[0]

    def other_library_small(self):
        return self.load(library=self.library) / self.load()

    def rows(self):
        rows = [
            ("load of 10 rows", "s", 0.6, self.load),
            ("work --drain, nothing to do", "s", 0.25, self.drain_nothing),
            ("work --drain of 10 rows, a worker was killed -9 just before", "s", 3, self.drain_after_kill),
            ("push of 10 rows", "s", 0.1, self.push),
            ("push of 10 rows, 50 ms away", "s", 1.0, lambda: self.push(FAR)),
            ("load of 10 rows, 50 ms away", "s", 2.5, lambda: self.load(FAR)),
            ("push of a file that is pushed already, 50 ms away", "s", 0.7, self.push_again),
            ("load of 400,000 rows, 50 ms away against local", "x", 1.15, self.far_against_local),
            (f"load of {MANY:,} files of 10 rows", "s", 5, self.many),
            ("status", "s", 0.03, lambda: self.answers("status", "FILE")),
            ("stats", "s", 0.03, lambda: self.answers("stats")),
            ("--help", "s", 0.015, lambda: self.answers("--help")),
        ]
        if self.library:
            rows += [
                ("the other librdkafka: push of 1,000,000", "x", 1.05, lambda: self.other_library("push")),
                ("the other librdkafka: work of 1,000,000", "x", 1.05, lambda: self.other_library("work")),
                ("the other librdkafka: load of 10 rows", "x", 1.05, self.other_library_small),
            ]
        return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--librdkafka")
    arguments = parser.parse_args()
    bench = Bench(arguments.librdkafka)
    rows = [row for row in bench.rows() if arguments.only in row[0]]
    figures = {name: [] for name, *_ in rows}
    for run in range(arguments.runs):
        for name, unit, _, measure in rows:
            figures[name].append(measure())
            print(f"run {run + 1} of {arguments.runs}: {name}: {figures[name][-1]:.3f} {unit}", file=sys.stderr, flush=True)
        world.delete_topics("small_.*")
    print(f"{arguments.runs} runs, {os.cpu_count()} cores, broker with Kafka's defaults")
    print(world.check([world.USERLOAD, "--version"]).strip().splitlines()[0])
    if arguments.librdkafka:
        other = os.environ | {"LD_LIBRARY_PATH": arguments.librdkafka}
        print("the other librdkafka:", world.check([world.USERLOAD, "--version"], env=other).strip().splitlines()[0])
    print(f"\n{'':62} {'min':>7} {'median':>7} {'max':>7} {'wanted':>9}")
    for name, unit, wanted, _ in rows:
        seen = figures[name]
        print(
            f"{name:62} {min(seen):7.3f} {statistics.median(seen):7.3f} {max(seen):7.3f} {'<= ' + str(wanted):>9} {unit}"
        )


if __name__ == "__main__":
    main()
