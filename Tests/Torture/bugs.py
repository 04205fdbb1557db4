"""The bugs that are planted in the program of debug builds, and the faults that must show them; runs each, and prints
which invariant caught it.

bugs.py [--list] [--bug NAME,…] …: what else is given goes to torture.py.
"""
import os
import re
import subprocess
import sys
import time

import torture

ANY = "kill-load"
BUGS = {
    "swapDropped": "two-workers,zombie-in-batch",
    "progressNotSwapped": "two-topics",
    "offsetsBeforeRows": "crash-work",
    "highWaterMark": "not-sent,records-deleted-half-way",
    "anchorNotCompared": "topic-remade-under-work,topic-remade-half-way,topic-remade",
    "cachedProgressKept": "restored-under-work",
    "endedJobsForgotten": "many-files",
    "lastBatchDropped": "sigterm",
    "keyComparedAsString": ANY,
    "updateOutOfOrder": ANY,
    "nullKeeps": ANY,
    "rejectModeSkips": ANY,
    "rejectCut": ANY,
    "duplicatesNotCounted": ANY,
    "agesNotCounted": ANY,
    "fixForgotten": "corrected",
    "deliveryErrorIgnored": "not-sent",
    "ackWithoutOffsetBelieved": "not-sent",
    "acksAfterGapKept": "not-sent",
    "otherLogBelieved": "topic-remade",
    "resumeSkipsOne": "kill-slow-push",
    "endMarkerEarly": ANY,
    "endMarkerOfEmptyMissing": ANY,
    "changedFileUnnoticed": "changed-while-pushed",
    "rejectsExitZero": ANY,
    "secondMemberDropped": ANY,
}


def run(bug, arguments):
    command = [sys.executable, os.path.join(os.path.dirname(__file__), "torture.py"), "--bug", bug, *arguments]
    began = time.monotonic()
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = re.search(r"^BREACH of (\w+): (.*)", result.stdout, re.MULTILINE)
    seed = re.search(r"seed (\S+),", result.stdout)
    words = (found.group(2) if found else (result.stdout + result.stderr).strip()[-300:])[:110]
    return found and found.group(1), time.monotonic() - began, seed and seed.group(1), words


def main(arguments):
    if arguments[:1] == ["--list"]:
        print("faults: " + ", ".join(sorted(torture.rounds.FAULTS)))
        print("with --brokers: " + ", ".join(sorted(torture.rounds.FAULTS_OF_THREE)))
        print("bugs: " + ", ".join(BUGS))
        return
    chosen = list(BUGS)
    if "--bug" in arguments:
        place = arguments.index("--bug")
        chosen = arguments[place + 1].split(",")
        del arguments[place : place + 2]
    missed = []
    for bug in chosen:
        invariant, seconds, seed, words = run(bug, ["--minutes", "2", *arguments])
        if not invariant:
            missed.append(bug)
        print(f"{bug:26} {invariant or 'MISSED':7} {seconds:4.0f} s  seed {seed}  {words}", flush=True)
    print(f"{len(chosen) - len(missed)} of {len(chosen)} caught" + (f"; missed: {', '.join(missed)}" if missed else ""))
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
