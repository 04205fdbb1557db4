"""Rows of programs that only read the file: on one core, without any server."""
import json
import os

import world
from measure import Meter
from rows import Row, Template

# What `check` is to reach, in records a second.
AIM = 1_000_000
CORE = str(max(os.sched_getaffinity(0)))


class Reading(Row):
    """How many records it found is checked; the file is in the page cache."""

    def __init__(self, name, template, file, people, reference=None):
        super().__init__(name, template, file, people, 0, reference)

    def prepare(self):
        self.path = world.data_file(*self.file)
        self.measure()

    @property
    def rate(self):
        """Records a CPU second: what other programs take of the core meanwhile does not count."""
        return self.inserted / max(self.median("tool"), 0.001)

    def measure(self):
        meter = Meter(dict(os.environ))
        output = f"{world.WORK}/reading.out"
        command = self.command()
        with open(output, "wb") as file:
            meter.start()
            meter.run("taskset", "-c", CORE, *command, name=self.name.partition(": ")[2], stdout=file)
            meter.stop()
        with open(output) as file:
            world.expect(self.name, self.found(file.read()), self.inserted)
        return meter.figures()


class Lines(Reading):
    def command(self):
        return ["wc", "-l", self.path]

    def found(self, output):
        return int(output.split()[0]) - (1 if self.file[0] == "csv" else 0)


class Check(Reading):
    def command(self):
        return [self.binary, "check", "--json", self.path]

    def found(self, output):
        result = json.loads(output)
        return result["records"] - result["rejected"]


def rows(people, binary=world.USERLOAD, tag=""):
    return [row for shape in ("csv", "jsonl") for row in shape_rows(shape, people, binary, tag)]


def shape_rows(shape, people, binary=world.USERLOAD, tag=""):
    # No database is made of it: it only says which binary.
    template = Template(f"none{tag}", binary=binary)
    file = (shape, people, "random", 1)
    lines = Lines(f"{shape}: wc -l", template, file, people)
    return [lines, Check(f"{shape}: check, one core", template, file, people, lines)]


def print_rates(rows):
    for row in rows:
        if isinstance(row, Check):
            print(f"{row.name}: {row.rate:,.0f} records a CPU second (aim {AIM:,})")
