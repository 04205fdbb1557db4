"""What must hold: after each fault (always), and once the system was left in peace (I1 to I10 of the issue)."""
import json
import os
import time

import world

LOOK = """
SELECT json_build_object(
    'jobs', (SELECT coalesce(json_agg(j), '[]') FROM (
        SELECT id, slug, file, state, reason, lines, inserted, updated, duplicates, rejected, partitions FROM userload.job_status) AS j),
    'progress', (SELECT coalesce(json_agg(p), '[]') FROM (
        SELECT p.*, (SELECT count(*) FROM userload.rejects AS r WHERE r.job = p.job AND r.partition = p.partition) AS kept
        FROM userload.progress AS p) AS p),
    'positions', (SELECT coalesce(json_agg(p), '[]') FROM (
        SELECT cluster, topic, partition, generation, next_offset FROM userload.positions) AS p),
    'rows', (SELECT coalesce(json_agg(json_build_array(job, n)), '[]') FROM (
        SELECT job, count(*) AS n FROM users GROUP BY job) AS r),
    'ages', (SELECT coalesce(json_agg(json_build_array(age, a.count, u.count)), '[]') FROM userload.age_counts AS a
        FULL JOIN (SELECT age, count(*) FROM users GROUP BY age) AS u USING (age)
        WHERE a.count IS DISTINCT FROM u.count),
    'twice', (SELECT count(*) FROM (
        SELECT FROM userload.rejects GROUP BY job, partition, seq HAVING count(*) > 1) AS t))
"""
ROWS = """
SELECT coalesce(json_agg(json_build_array(name, age, email, phone_number, address, additional_info, job, updated_by)), '[]')
FROM users
"""
REJECTS = """
SELECT coalesce(json_agg(json_build_array(job, line, byte_offset, form, encode(bytes, 'hex'), errors)), '[]')
FROM userload.rejects
"""
SESSIONS = f"""
SELECT coalesce(string_agg(concat_ws(' ', pid, state, left(query, 100)), '; '), '') FROM pg_stat_activity WHERE {world.OURS}
"""
FOREIGN = "00000000-0000-0000-0000-000000000000"  # the job of other producers' messages


class Breach(Exception):
    def __init__(self, invariant, expected, seen):
        super().__init__(f"{invariant}: expected {expected}, seen {seen}")
        self.invariant = invariant


def demand(invariant, expected, seen):
    if expected != seen:
        raise Breach(invariant, expected, seen)


def always(lane):
    """Whatever has just died. Returns what it saw."""
    with lane.looks:
        look = json.loads(lane.psql.ask(LOOK))
        at_any_moment(lane, look)
    return look


def watched(lane):
    """The same while a round is under way, if the database answers."""
    psql = lane.psql
    with lane.looks:
        answer = psql and psql.peek(LOOK)
        if answer and psql is lane.psql:
            at_any_moment(lane, json.loads(answer))
            lane.watched += 1


def at_any_moment(lane, look):
    now = {}
    for p in look["positions"]:
        now["position", p["topic"], p["partition"]] = (p["generation"], p["next_offset"])
    for p in look["progress"]:
        now["progress", p["job"], p["partition"]] = (0, p["last_seq"])
    for place, before in lane.seen.items():
        if place not in now or now[place] < before:
            raise Breach("I5", f"{place} at {before} or later", str(now.get(place)))
    lane.seen = now
    by_path = {job.path: job for job in lane.jobs}
    rows = {job: count for job, count in look["rows"]}
    sums = {}
    for p in look["progress"]:
        where = f"job {p['job']} partition {p['partition']}"
        done = p["inserted"] + p["updated"] + p["duplicates"] + p["rejected"]
        if p["records"] != done:
            raise Breach("I1", f"{where}: {p['records']} records accounted for", f"{done}: {p}")
        if p["kept"] != p["rejected"]:
            raise Breach("I1", f"{where}: {p['rejected']} rejects kept", f"{p['kept']}")
        # 0 is the start marker, and the end marker comes behind the last record.
        seqs = max(0, p["last_seq"] - (p["end_seq"] is not None))
        if p["job"] != FOREIGN and p["records"] != seqs:
            raise Breach("I2", f"{where}: {seqs} records, one of each sequence number", str(p))
        sums[p["job"]] = sums.get(p["job"], 0) + p["inserted"]
    demand("I2", "no reject twice", "no reject twice" if look["twice"] == 0 else f"{look['twice']} of them")
    for job, inserted in sums.items():
        if rows.get(job, 0) != inserted:
            raise Breach("I3", f"{inserted} rows of job {job}, as it counted", f"{rows.get(job, 0)} in the table")
    for job in look["jobs"]:
        if job["state"] != "completed":
            continue
        done = job["inserted"] + job["updated"] + job["duplicates"] + job["rejected"]
        known = by_path.get(job["file"])
        if job["lines"] != done or known and done not in known.lines:
            raise Breach("I6", f"{known.lines if known else job['lines']} lines of a completed job", str(job))
        parts = [p for p in look["progress"] if p["job"] == job["id"]]
        if len(parts) != job["partitions"] or any(p["records"] != p["end_records"] for p in parts):
            raise Breach("I6", f"as many records in {job['partitions']} partitions as their end markers say", str(parts))
    demand("I10", "stats like GROUP BY", "stats like GROUP BY" if not look["ages"] else f"age, stats, table: {look['ages']}")


def peace(lane):
    """All programs have ended and all jobs are loaded."""
    look = always(lane)
    by_path = {job["file"]: job for job in look["jobs"]}
    numbers = {}
    for job in lane.jobs:
        if job.expected is None:
            continue
        found = by_path.get(job.path)
        if not found:
            raise Breach("I1", f"a job for {job}", "none")
        numbers[found["id"]] = job.number
        demand("I1", f"{job} completed", f"{job} {found['state']}")
        demand("I7", job.slug or found["slug"], found["slug"])
        wanted = job.expected
        counts = (found["lines"], found["inserted"], found["updated"] + found["duplicates"], found["rejected"])
        demand("I1", (str(job), wanted.lines, wanted.inserted, wanted.changed, wanted.rejected), (str(job), *counts))
        if found["updated"] < wanted.updated:
            raise Breach("I1", f"{job}: {wanted.updated} or more updated", found["updated"])
    rows(lane, numbers)
    rejects(lane, numbers)
    sessions(lane)
    leftovers(lane)
    for program in lane.programs:
        memory(lane, program)


def rows(lane, numbers):
    found = {}
    for name, age, email, phone, address, info, job, updated_by in json.loads(lane.psql.ask(ROWS)):
        if (name, age) in found:
            raise Breach("I3", f"one row of {name}, {age}", "two")
        found[name, age] = (email, phone, address, info, numbers.get(job, job), numbers.get(updated_by, updated_by))
    expected = lane.table.rows
    for key in expected.keys() | found.keys():
        row = expected.get(key)
        wanted = row and (row.email, row.phone, row.address, row.info or None, row.job)
        seen = found.get(key)
        if wanted != (seen and seen[:5]):
            raise Breach("I3", f"{key}: {wanted}", seen)
        if seen[5] not in row.updated_by:
            raise Breach("I3", f"{key}: updated by one of {row.updated_by}", seen[5])


def rejects(lane, numbers):
    found = []
    for job, line, offset, form, data, errors in json.loads(lane.psql.ask(REJECTS)):
        data = bytes.fromhex(data)
        errors = tuple(sorted((error["field"], error["code"]) for error in errors))
        value = json.dumps(json.loads(data), sort_keys=True) if form == "json" else data
        found.append((numbers.get(job, job), line, offset, value, errors))
    wanted = []
    for job in lane.jobs:
        for line, offset, value, errors in job.expected.rejects if job.expected else []:
            value = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True)
            wanted.append((job.number, line, offset, value, errors))
    for left, right in zip(sorted(wanted, key=repr), sorted(found, key=repr)):
        demand("I4", left, right)
    demand("I4", f"{len(wanted)} rejects", f"{len(found)} rejects")


def sessions(lane):
    """Nothing of ours is left on the server; what was killed may take a moment."""
    end = time.monotonic() + 10
    while left := lane.psql.ask(SESSIONS):
        if time.monotonic() > end:
            raise Breach("I8", "no session left", left)
        time.sleep(0.02)


def leftovers(lane):
    """No half of a journal's entry beside it, and no copy of a file that was being moved."""
    for folder, _, names in os.walk(lane.folder):
        for name in names:
            # A push of updates that is killed at its first entry leaves one: the next push is another job.
            if name.endswith(".userload") or name.endswith(".json.new") and name.removesuffix(".new") in names:
                raise Breach("I8", "no file of userload's left", f"{folder}/{name}")


def memory(lane, program):
    command = program.command[1]
    lane.largest[command] = max(lane.largest.get(command, 0), program.memory)
    if program.memory > world.MEMORY:
        raise Breach("I9", f"at most {world.MEMORY} MiB", f"{program.memory} MiB: {program}")
