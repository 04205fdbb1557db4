"""Two binaries side by side: each row is measured with both, one right after the other, so that what slows the machine
down meets both alike. What is printed is the median of the ratios of these pairs, new to old."""
import statistics
import subprocess
import sys

import reading
import rows as standard
import world


def compare(old, people, runs, names, only):
    """`names`: only these rows, without their shape; `only`: rows whose name holds it."""
    # Not those of gzip: they are compared with `zcat` in the table.
    compared = [standard.Load, standard.Together, standard.Work, standard.Push]
    if subprocess.run([old, "check", "--help"], capture_output=True).returncode == 0:
        compared.append(reading.Check)
    pairs = [
        (new, before)
        for rows in (reading.rows, standard.rows)
        for new, before in zip(rows(people), rows(people, old, "_old"))
        if type(new) in compared
        and (names is None or new.name.partition(": ")[2] in names)
        and only in new.name
    ]
    for pair in pairs:
        for row in pair:
            row.prepare()
    for run in range(runs):
        for new, before in pairs:
            # The first of a pair changes from run to run: it may find a warmer or a colder cache.
            for row in (before, new) if run % 2 == 0 else (new, before):
                row.figures.append(row.measure())
            walls = f"{before.figures[-1].wall:.2f} s, {new.figures[-1].wall:.2f} s"
            print(f"run {run + 1} of {runs}: {new.name}: old, new {walls}", file=sys.stderr, flush=True)
        world.delete_topics("run_.*")
    print_ratios(pairs)


def ratios(new, before, field):
    pairs = zip(new.figures, before.figures)
    return [getattr(now, field) / max(getattr(then, field), 0.01) for now, then in pairs]


def print_ratios(pairs):
    print(f"\n{'':46} {'seconds, median':^15} {'new / old, of each pair':^27} {'CPU of the tool':^15}")
    print(f"{'':46} {'old':>7} {'new':>7} {'min':>8} {'median':>9} {'max':>8} {'median ratio':>15}")
    for new, before in pairs:
        walls = ratios(new, before, "wall")
        print(
            f"{new.name:46} {before.median('wall'):7.2f} {new.median('wall'):7.2f} {min(walls):8.2f} "
            f"{statistics.median(walls):9.2f} {max(walls):8.2f} {statistics.median(ratios(new, before, 'tool')):15.2f}"
        )
