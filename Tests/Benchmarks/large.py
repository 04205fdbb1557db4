"""The rows of the table at 10 and 20 million people: 10 and 20 times `people`."""
import os
import statistics

import rows as standard
import world
from measure import Meter


class Ask(standard.Row):
    """A reading command against a full table; the median of eleven, as one is over in no time."""

    def __init__(self, name, template, *arguments):
        super().__init__(name, template)
        self.arguments = arguments

    def act(self, meter, database, topic):
        raise NotImplementedError

    def measure(self):
        environment = world.environment(self.template.database, "users")
        slug = world.psql(self.template.database, "SELECT left(id_text, 8) FROM userload.jobs LIMIT 1")
        arguments = [slug if argument == "SLUG" else argument for argument in self.arguments]
        meters = []
        for _ in range(11):
            meter = Meter(environment)
            meter.start()
            meter.run(world.USERLOAD, *arguments, name=f"userload {arguments[0]}", stdout=open(os.devnull, "w"))
            meter.stop()
            meters.append(meter.figures())
        wall = statistics.median(figures.wall for figures in meters)
        return next(figures for figures in meters if figures.wall == wall)


def rows(people):
    shape = "jsonl"
    all = 21 * people  # of which every 21st is the file that comes on top
    few = (shape, all, "random", 1, "few")
    empty = standard.Template("empty")
    million = standard.Template("million", few, people)
    tenfold = (shape, 10 * people, "random", 1)
    ten = standard.Template("ten", tenfold, 10 * people)
    twenty = standard.Template("twenty", (shape, all, "random", 1, "most"), all - people)

    copy = standard.Copy("psql \\copy of 1M into an empty table", empty, million, "random")
    copy_large = standard.Copy("psql \\copy of 1M into 20M rows", twenty, million, "random")
    load = standard.Load("load of 1M into an empty table", empty, few, people, 0, copy, 1.0)
    return [
        copy,
        load,
        copy_large,
        standard.Load("load of 1M into 20M rows, against \\copy", twenty, few, people, 0, copy_large, 1.0),
        standard.Load("load of 1M into 20M rows, against the empty table", twenty, few, people, 0, load, 1.25),
        standard.Together("push and work together, 10M", empty, tenfold, 10 * people, 0),
        Ask("status at 10M rows (target 0.05 s)", ten, "status", "SLUG"),
        Ask("stats at 10M rows (target 0.05 s)", ten, "stats"),
    ]
