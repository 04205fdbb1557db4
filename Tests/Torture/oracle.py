"""What the table must hold: files applied one after the other, by the README's words. Shares no code with userload."""
import copy
import dataclasses

import people


@dataclasses.dataclass
class Row:
    email: object
    phone: object
    address: object
    info: dict
    job: str
    updated_by: set  # each of these is right: what a batch folds is not seen from outside

    def values(self):
        return (self.email, self.phone, self.address, self.info)


@dataclasses.dataclass
class Expected:
    """What is to become of one job."""

    lines: int = 0
    inserted: int = 0
    updated: int = 0  # at least
    rejected: int = 0
    changed: int = 0  # updated and duplicates together
    rejects: list = dataclasses.field(default_factory=list)  # (line, offset, bytes or JSON, errors)


def given(value):
    return None if value is None or value == people.NULL else value


class Table:
    def __init__(self):
        self.rows = {}

    def apply(self, job, records, mode):
        """Returns what is expected of the job."""
        result = Expected(lines=len(records))
        before = {}
        for record in records:
            if record.errors:
                result.rejected += 1
                result.rejects.append((record.line, record.offset, record.bytes, record.errors))
                continue
            row = self.rows.get(record.key)
            if row is None:
                self.insert(job, record, mode)
                result.inserted += 1
            elif mode == "reject":
                result.rejected += 1
                result.rejects.append((record.line, record.offset, record.json, (("", "duplicate"),)))
            else:
                result.changed += 1
                if mode == "update":
                    before.setdefault(record.key, (row, copy.deepcopy(row.values())))
                    self.update(job, record, row)
        for row, values in before.values():
            if row.job != job and row.values() != values:
                row.updated_by = {job}
                result.updated += 1
        return result

    def insert(self, job, record, mode):
        info = {key: given(value) for key, value in record.info.items()}
        if mode == "update":
            info = {key: value for key, value in info.items() if value is not None}
        self.rows[record.key] = Row(
            given(record.email), given(record.phone), given(record.address), info, job, {None})

    def update(self, job, record, row):
        old = copy.deepcopy(row.values())
        for field in ("email", "phone", "address"):
            value = getattr(record, field)
            if value is not None:
                setattr(row, field, given(value))
        for key, value in record.info.items():
            if value == people.NULL:
                row.info.pop(key, None)
            else:
                row.info[key] = value
        if row.values() != old:
            row.updated_by.add(job)
