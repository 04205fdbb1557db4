"""Files that change, disks that are full, files moved away, rejects that come back corrected."""
import copy
import csv
import gzip
import os
import subprocess

import people
from invariants import Breach, demand
from rounds import await_jobs, ends, fault, finish, finish_load, finish_push, injected, repaired


def other_file(lane, job, how):
    """The job's file, changed; as a job of its own under the same path."""
    if how == "replaced":
        return people.File(lane.contents, lane.people, 20)
    changed = copy.copy(job.file)
    if how == "truncated":
        changed.records = changed.records[: len(changed.records) // 2]
    else:
        record = lane.people.person(changed.shape.allows_null)
        changed.shape(lane.contents).encode(record)
        changed.records = [*changed.records, record]
    changed.write()
    changed.pack(changed.container, changed.encoding)
    if how == "appended" and changed.container.startswith("gz") and changed.shape is not people.JSONArray:
        # As `gzip >>` does: another member behind those that were there.
        text = job.file.text.decode().encode(changed.encoding)
        changed.bytes = job.file.bytes + gzip.compress(changed.text.decode().encode(changed.encoding)[len(text) :], mtime=0)
    return changed


def cut_off(lane, job):
    """A compressed file that ends in the middle is refused, whatever came before."""
    with open(job.path, "wb") as out:
        out.write(job.file.bytes[: -lane.rng.randint(1, len(job.file.bytes) // 2)])
    push = lane.push(job)
    ends(lane, push, 5)
    if "cut" not in push.err and "truncated" not in push.err:
        raise Breach("I7", "a word on the file that is cut off", push.err)
    injected(lane, "file-cut")


@fault("file-changed", 8)
def file_changed(lane):
    """Between a push that was killed and the next one: other content is another job, and the old one goes on when its
    content is back. Which of the two brings a row depends on how far the first came: that alone is not compared."""
    lane.move_on()
    first = lane.job(lines=200, mode="skip")
    push = lane.push(first, crash=f"push.transmit:{lane.rng.randint(2, 150)}")
    was_killed = ends(lane, push) == -9
    if first.file.container and lane.rng.random() < 0.3:
        cut_off(lane, first)
    how = lane.rng.choice(["truncated", "appended", "replaced"])
    changed = other_file(lane, first, how)
    first.lines.add(len(changed.records))
    with open(first.path, "wb") as out:
        out.write(changed.bytes)
    push = lane.push(first)
    ends(lane, push, 0)
    slugs = [push.out.strip()]
    if lane.rng.random() < 0.5:
        ends(lane, lane.drain())
    injected(lane, f"file-{how}", 1 if was_killed else 0)
    with open(first.path, "wb") as out:
        out.write(first.file.bytes)
    push = lane.push(first)
    ends(lane, push, 0)
    slugs.append(push.out.strip())
    ends(lane, lane.drain(), 0, 1)
    sql = "SELECT state, lines, rejected FROM userload.job_status WHERE slug = '{}'"
    for slug, file in zip(slugs, [changed, first.file]):
        bad = sum(1 for record in file.records if record.errors)
        demand("I1", f"completed|{len(file.records)}|{bad}", lane.psql.ask(sql.format(slug)))
    keys = {record.key for file in (changed, first.file) for record in file.records if not record.errors}
    demand("I3", str(len(keys)), lane.psql.ask("SELECT count(*) FROM users"))
    injected(lane, "file-changed back", 0)
    lane.move_on()


@fault("changed-while-pushed", 6)
def changed_while_pushed(lane):
    """After the first pass: the job is broken and says so; the same command loads what the file is now."""
    lane.move_on()
    other = lane.job(mode="skip")
    finish_push(lane, other)
    job = lane.job(lines=2_000, mode="skip", container="")
    # Behind the first pass, before the second.
    push = lane.push(job, stop="push.start:1")
    push.stands_still(20)
    with open(job.path, "r+b") as out:
        out.seek(-3, os.SEEK_END)
        out.write(b"X")
    push.go_on()
    ends(lane, push, 5)
    ends(lane, lane.drain())
    injected(lane, "changed-while-pushed")
    await_jobs(lane, [other])
    slug, state = lane.psql.ask(f"SELECT slug, state FROM userload.job_status WHERE slug <> '{other.slug}'").split("|")
    demand("I1", "inconsistent", state)
    if "what was sent of it is marked broken" not in push.err:
        raise Breach("I7", "a word on what was sent", push.err)
    with open(job.path, "wb") as out:
        out.write(job.file.bytes)
    repaired(lane, job, "--again", slug)
    ends(lane, lane.drain(), 0, 1)
    lines = lane.psql.ask(f"SELECT lines FROM userload.job_status WHERE state = 'completed' AND slug <> '{other.slug}'")
    demand("I1", str(len(job.file.records)), lines)
    lane.move_on()


class FullDisk:
    """A small file system."""

    size = "256k"

    def __init__(self, lane, name):
        self.path = f"{lane.folder}/{name}"
        os.makedirs(self.path, exist_ok=True)

    def __enter__(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", self.path], check=True)
        return self

    def fill(self):
        """Leaves no free byte."""
        try:
            with open(f"{self.path}/filler", "wb", buffering=0) as file:
                while file.write(b"x" * 4096):
                    pass
        except OSError:
            pass

    def free(self):
        os.unlink(f"{self.path}/filler")

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=True)


@fault("disk-full-journal", 5)
def disk_full_journal(lane):
    """A push goes on without its journal, and says so; the next one sends everything again."""
    with FullDisk(lane, "state") as disk:
        place = {"USERLOAD_STATE_DIR": disk.path}
        job = lane.job(mode="skip")
        disk.fill()
        push = lane.push(job, environment=place)
        code = ends(lane, push, 0, 5, 6, 8)
        if code == 0 and "if this push stops half-way" not in push.err:
            raise Breach("I7", "a word on the journal", push.err)
        injected(lane, "disk-full-journal")
        disk.free()
        ends(lane, lane.push(job, environment=place), 0)
        finish(lane)


@fault("disk-full-move", 5)
def disk_full_move(lane):
    """The file stays, with exit code 3; the same command moves it once there is room."""
    with FullDisk(lane, "done") as disk:
        job = lane.job(lines=400)
        disk.fill()
        words = lane.push_words(job, "load")
        load = lane.userload(*words[:-1], "--move-to", disk.path, words[-1])
        ends(lane, load, 3)
        if not os.path.exists(job.path):
            raise Breach("I7", "the file where it was", "gone")
        lane.expect(job)
        injected(lane, "disk-full-move")
        disk.free()
        crash = f"{lane.rng.choice(['move.copied', 'move.published'])}:1"
        ends(lane, lane.userload(*words[:-1], "--move-to", disk.path, words[-1], crash=crash))
        ends(lane, lane.userload(*words[:-1], "--move-to", disk.path, words[-1]), 0, 1, 4, 5)
        moved = os.listdir(disk.path)
        there = os.path.exists(job.path)
        if there or len(moved) != 1:
            raise Breach("I8", "the file in one place, and no copy left", f"{moved}, original: {there}")
        with open(f"{disk.path}/{moved[0]}", "rb") as file:
            demand("I4", job.file.bytes, file.read())
        finish(lane)


@fault("corrected", 8)
def corrected(lane):
    """Rejects written out, corrected, and loaded, twice and with a kill between; each counts as fixed once."""
    job = lane.job(lines=60, mode="skip", form=people.CSV)
    finish_load(lane, job)
    if not job.expected.rejected:
        return finish(lane)
    path = f"{lane.folder}/fix-{job.number}.csv"
    slug = lane.psql.ask(f"SELECT slug FROM userload.job_status WHERE file = '{job.path}'")
    ends(lane, lane.userload("rejects", slug, "-o", path), 0)
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    demand("I4", job.expected.rejected, len(rows))
    records = []
    for row in rows:
        lane.people.count += 1
        row |= {"name": f"Corrected {lane.people.count}", "age": "33", "phoneNumber": "", "email": ""}
        record = people.Record(b"", name=row["name"], age=33)
        if row.get("address.city"):
            record.address = {"city": row["address.city"]}
        if row.get("note"):
            record.info["note"] = row["note"]
        records.append(record)
    with open(path, "w", newline="") as file:
        out = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
    load = lane.userload("load", path)
    if load.runs_for(lane.rng.uniform(0, 0.4)) and load.kill():
        injected(lane, "kill-load")
    ends(lane, lane.userload("load", path), 0)
    ends(lane, lane.userload("load", path), 0)
    for record in records:
        lane.table.insert(f"fix {path}", record, "skip")
    fixed = lane.psql.ask(f"SELECT fixed FROM userload.job_status WHERE file = '{job.path}'")
    demand("I1", str(job.expected.rejected), fixed)
    ids = lane.psql.ask(f"SELECT id FROM userload.job_status WHERE file = '{path}'").split()
    for row in lane.table.rows.values():
        if row.job == f"fix {path}":
            row.job = ids[0]
    injected(lane, "corrected")
    finish(lane)


@fault("journal-leftovers", 6)
def journal_leftovers(lane):
    """What a crash leaves in the journal: halves of new entries, of other jobs' too, and an entry that is cut short. Never
    believed: what was sent is sent again, and dropped by the worker."""
    job = lane.job(mode=lane.rng.choice(["skip", "reject"]))
    push = lane.push(job, crash=f"{lane.rng.choice(['push.transmit', 'journal.write', 'journal.synced'])}:{lane.rng.randint(1, 4)}")
    ends(lane, push)
    made = []
    for folder, _, names in os.walk(f"{lane.folder}/journal"):
        for name in names:
            if not name.endswith(".json"):
                continue
            with open(f"{folder}/{name}", "rb") as file:
                entry = file.read()
            cut = lane.rng.randrange(len(entry))
            made.append(f"{folder}/{name}.new")
            with open(f"{folder}/{name}.new", "wb") as out:
                out.write(lane.rng.choice([b"", entry[:cut], b"\0" * len(entry), entry]))
            if lane.rng.random() < 0.5:
                with open(f"{folder}/{name}", "wb") as out:
                    out.write(entry[:cut])
    injected(lane, "journal-leftovers", 1 if made else 0)
    finish_push(lane, job)
    for path in made:
        # Those of jobs that are not pushed again stay.
        if os.path.exists(path):
            os.unlink(path)
    finish(lane)
