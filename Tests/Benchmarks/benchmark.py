"""Runs the rows of the table, interleaved with their references, and prints it.

benchmark.py MODE [--runs N] [--people N] [--only X] [--against BINARY], with the servers' environment from `run`.
"""
import argparse
import importlib
import os
import statistics
import sys

import against
import reading
import world

QUICK = [
    "psql \\copy", "push and work together", "load", "work alone", "kcat -P -l", "push alone", "wc -l",
    "check, one core",
]  # fmt: skip
MODULES = {"large": ["large"], "peers": ["peers"]}
RUNS = {"standard": 5, "quick": 1, "large": 3, "peers": 3}
PEOPLE = {"standard": 1_000_000, "quick": 100_000, "large": 1_000_000, "peers": 1_000_000}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=RUNS)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--people", type=int)
    parser.add_argument("--only", default="")
    parser.add_argument("--against")
    arguments = parser.parse_args()
    # One pair says nothing.
    runs = arguments.runs or max(RUNS[arguments.mode], 3 if arguments.against else 1)
    people = arguments.people or PEOPLE[arguments.mode]

    if arguments.against:
        print_settings(people, runs)
        print("against", world.check([arguments.against, "--version"]).strip(), flush=True)
        names = QUICK if arguments.mode == "quick" else None
        against.compare(arguments.against, people, runs, names, arguments.only)
        return

    modules = MODULES.get(arguments.mode, ["reading", "rows"])
    rows = [row for module in modules for row in importlib.import_module(module).rows(people)]
    if arguments.mode == "quick":
        rows = [row for row in rows if row.name.partition(": ")[2] in QUICK]
    rows = select(rows, arguments.only)
    print_settings(people, runs)
    for row in rows:
        row.prepare()
    for run in range(runs):
        for row in rows:
            figures = row.measure()
            row.figures.append(figures)
            print(f"run {run + 1} of {runs}: {row.name}: {figures.wall:.2f} s", file=sys.stderr, flush=True)
        world.delete_topics("run_.*")
    print_table(rows)
    reading.print_rates(rows)
    print_memory(rows)


def select(rows, text):
    wanted = [row for row in rows if text in row.name]
    references = [row.reference for row in wanted]
    return [row for row in rows if row in wanted or row in references]


def print_settings(people, runs):
    def command(*words):
        return world.check(list(words)).strip().splitlines()[0]

    settings = world.psql(
        "postgres",
        "SELECT string_agg(name || '=' || current_setting(name), ', ' ORDER BY name) FROM pg_settings "
        "WHERE name IN ('shared_buffers', 'max_wal_size', 'checkpoint_timeout', 'autovacuum', 'fsync', "
        "'synchronous_commit', 'full_page_writes', 'wal_level', 'wal_compression')",
    )
    print(f"{people:,} people, {runs} runs, {os.cpu_count()} cores")
    print(command(world.USERLOAD, "--version"))
    print("Postgres", world.psql("postgres", "SHOW server_version"), "with", settings)
    print("Kafka: one broker, 12 partitions, heap", os.environ.get("KAFKA_HEAP_OPTS"), flush=True)


def print_table(rows):
    print(f"\n{'':58} {'seconds':^20} {'':15} {'CPU seconds, median':^24}")
    columns = f"{'min':>6} {'median':>6} {'max':>6} {'ratio':>6} {'target':>8} {'tool':>8} {'Postgres':>8} {'Kafka':>6}"
    print(f"{'':58} {columns}")
    for row in rows:
        walls = [figures.wall for figures in row.figures]
        ratio = target = ""
        if row.reference:
            ratio = f"{statistics.median(walls) / row.reference.median('wall'):.2f}"
            target = f"<= {row.target}" if row.target else ""
        print(
            f"{row.name:58} {min(walls):6.2f} {statistics.median(walls):6.2f} {max(walls):6.2f} {ratio:>6} {target:>8} "
            f"{row.median('tool'):8.2f} {row.median('postgres'):8.2f} {row.median('kafka'):6.2f}"
        )


def print_memory(rows):
    peaks = {}
    for row in rows:
        for figures in row.figures:
            for name, kilobytes in figures.memory.items():
                peaks[name] = max(peaks.get(name, 0), kilobytes)
    print("\npeak memory: " + ", ".join(f"{name} {peak / 1024:.0f} MB" for name, peak in sorted(peaks.items())))


if __name__ == "__main__":
    main()
