"""The bugs that are planted in the program of debug builds, and the faults that must show them; runs these faults without a
bug, where nothing may break, then each bug, and prints which invariant caught it.

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
    "endMarkerEarly": "kill-work",
    "endMarkerWrongSeq": ANY,
    "endMarkerOfEmptyMissing": ANY,
    "changedFileUnnoticed": "changed-while-pushed",
    "rejectsExitZero": ANY,
    "secondMemberDropped": ANY,
    "generationNotCompared": "topic-remade-under-batch",
    "rollbackBelieved": "commit-rolled-back",
    "destroyWithoutLimit": "topic-gone",
    "fixTakenTwice": "corrected-again",
}
CONTROL = 1  # minutes, all chosen bugs' faults together


class Result:
    """How a run of torture.py ended: in peace (no ending), by a breach of an invariant, or by a mistake of its own."""

    def __init__(self, arguments):
        command = [sys.executable, os.path.join(os.path.dirname(__file__), "torture.py"), *arguments]
        began = time.monotonic()
        run = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        self.seconds = time.monotonic() - began
        self.said = (run.stdout + run.stderr).strip()
        found = re.search(r"^BREACH of (\w+): (.*)", self.said, re.MULTILINE)
        seed = re.search(r"seed (\w+)", self.said)
        self.seed = seed and seed.group(1)
        self.invariant = found and found.group(1)
        self.words = found.group(2)[:110] if found else ""
        self.ending = self.invariant or ("ERROR" if run.returncode else None)


def control(chosen, arguments):
    """What breaks without a bug is no catch."""
    faults = sorted({fault for bug in chosen for fault in BUGS[bug].split(",")})
    result = Result(["--only", ",".join(faults), *arguments, "--minutes", str(CONTROL)])
    print(f"{'no bug':26} {result.ending or '':7} {result.seconds:4.0f} s  seed {result.seed}  {', '.join(faults)}", flush=True)
    if result.ending:
        sys.exit(result.said)


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
    control(chosen, arguments)
    missed = []
    for bug in chosen:
        result = Result(["--bug", bug, "--minutes", "2", *arguments])
        print(f"{bug:26} {result.ending or 'MISSED':7} {result.seconds:4.0f} s  seed {result.seed}  {result.words}", flush=True)
        if not result.invariant:
            missed.append(bug)
            print("\n".join(f"    {line}" for line in result.said.splitlines()[-30:]), flush=True)
    print(f"{len(chosen) - len(missed)} of {len(chosen)} caught" + (f"; missed: {', '.join(missed)}" if missed else ""))
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
