"""Random files of people, and what is true of each record: made together, so that nothing has to be parsed again."""
import dataclasses
import gzip
import json
import subprocess

NULL = "null"  # a JSON null in a record: other than absent


@dataclasses.dataclass
class Record:
    """A record as it stands in its file; `errors` are (field, code), and none if it is a person."""

    bytes: bytes
    line: int = 0
    offset: int = 0
    errors: tuple = ()
    name: str = ""
    age: int = 0
    email: object = None
    phone: object = None
    address: object = None
    info: dict = dataclasses.field(default_factory=dict)
    json: object = None  # as it travels, of a person

    @property
    def key(self):
        return (self.name, self.age)


class People:
    """Names and ages, some of which come again and again in a lane's files."""

    def __init__(self, rng):
        self.rng = rng
        self.count = 0
        self.known = []

    def key(self):
        if self.known and self.rng.random() < 0.4:
            return self.rng.choice(self.known[-400:])
        self.count += 1
        age = self.rng.randrange(0, 151)
        name = self.rng.choice(["Person {}", "Ngọc {}", "O'Neil \"{}\"", "Renée, {}", "人 {}"]).format(self.count)
        self.known.append((name, age))
        if self.rng.random() < 0.1:
            # The same text to a reader, other bytes: two people.
            pair = [(f"{self.count} Jos\u00e9", age), (f"{self.count} Jose\u0301", age)]
            self.known.extend(pair)
        return (name, age)

    def text(self):
        return self.rng.choice(["x", "two words", "ünïcode", "a \\ b", "it's", "1,5", "{}", "tab\there"]) + str(
            self.rng.randrange(50)
        )

    def person(self, allows_null):
        rng = self.rng
        name, age = self.key()
        record = Record(b"", name=name, age=age)
        if rng.random() < 0.5:
            record.email = f"p{rng.randrange(1000)}@example.org"
        elif allows_null and rng.random() < 0.3:
            record.email = NULL
        if rng.random() < 0.4:
            record.phone = f"+49 {rng.randrange(100, 10**9)}"
        elif allows_null and rng.random() < 0.3:
            record.phone = NULL
        if rng.random() < 0.4:
            record.address = {"city": self.text()}
        elif allows_null and rng.random() < 0.3:
            record.address = NULL
        if rng.random() < 0.6:
            record.info["note"] = self.text()
        return record


class CSV:
    name = "csv"
    allows_null = False
    header, separator, footer = b"name,age,email,phoneNumber,address.city,note\n", b"\n", b"\n"

    def __init__(self, rng):
        self.rng = rng

    def cell(self, text):
        quotes = any(c in text for c in ',"\n\t') or self.rng.random() < 0.05
        return '"' + text.replace('"', '""') + '"' if quotes else text

    def encode(self, record):
        if self.rng.random() < 0.05:
            record.info["note"] = "two\nlines"
        age = str(record.age) if self.rng.random() < 0.9 else f"0{record.age}"
        city = record.address["city"] if record.address else ""
        cells = [record.name, age, record.email or "", record.phone or "", city, record.info.get("note", "")]
        record.bytes = ",".join(map(self.cell, cells)).encode()
        record.json = {"name": record.name, "age": record.age if age == str(record.age) else age}
        if record.email:
            record.json["email"] = record.email
        if record.phone:
            record.json["phoneNumber"] = record.phone
        if record.address:
            record.json["address"] = record.address
        record.json |= record.info

    def bad(self, name):
        return self.rng.choice(
            [
                (f"{name},,,,,", {("age", "missing")}),
                (f"{name},abc,,,,x", {("age", "not_an_integer")}),
                (f"{name},151,,,,", {("age", "out_of_range")}),
                (f",35,,,,", {("name", "missing")}),
                (f'" ",35,,,,', {("name", "empty")}),
                (f"{name},1x,,call me,,", {("age", "not_an_integer"), ("phoneNumber", "invalid_phone")}),
            ]
        )


class JSONLines:
    name = "jsonl"
    allows_null = True
    header, separator, footer = b"", b"\n", b"\n"

    def __init__(self, rng):
        self.rng = rng

    def encode(self, record):
        rng = self.rng
        if rng.random() < 0.2:
            record.info["extra"] = {"list": [1, 2, None, "x"], "n": rng.randrange(10)}
        if rng.random() < 0.2:
            record.info[rng.choice(["note", "rank"])] = NULL
        value = {"name": record.name, "age": record.age}
        if rng.random() < 0.1:
            value["age"] = f" {record.age} "
        for field, key in ((record.email, "email"), (record.phone, "phoneNumber"), (record.address, "address")):
            if field is not None:
                value[key] = None if field == NULL else field
        for key, field in record.info.items():
            value[key] = None if field == NULL else field
        items = list(value.items())
        rng.shuffle(items)
        record.json = dict(items)
        record.bytes = json.dumps(record.json, ensure_ascii=rng.random() < 0.5).encode()

    def bad(self, name):
        name = json.dumps(name)
        return self.rng.choice(
            [
                (f'{{"name": {name}}}', {("age", "missing")}),
                (f'{{"name": {name}, "age": true, "x": "é"}}', {("age", "wrong_type")}),
                (f'{{"name": {name}, "age": -1}}', {("age", "out_of_range")}),
                (f'{{"name": {name}, "age": 22', {("", "malformed_json")}),
                ('{"name": "  ", "age": 5}', {("name", "empty")}),
                (f'{{"name": {name}, "age": 7, "address": 12}}', {("address", "wrong_type")}),
            ]
        )


class JSONArray(JSONLines):
    name = "json"
    header, separator, footer = b"[\n", b",\n", b"\n]\n"

    def bad(self, name):
        """JSON that is broken would end the array there."""
        while True:
            words, errors = super().bad(name)
            if ("", "malformed_json") not in errors:
                return words, errors


class File:
    """Records, the bytes of a file with them, and how those are encoded and packed."""

    def __init__(self, rng, people, lines, form=None):
        self.shape = form or rng.choice([CSV, JSONLines, JSONLines, JSONArray])
        self.form = self.shape.name
        writer = self.shape(rng)
        self.records = []
        bad = rng.choice([0, 0.05, 0.3])
        while len(self.records) < lines:
            if rng.random() < bad and len(self.records) > 3:
                words, errors = writer.bad(people.key()[0].replace('"', "").replace(",", ""))
                record = Record(words.encode(), errors=tuple(sorted(errors)))
            else:
                record = people.person(writer.allows_null)
                writer.encode(record)
            self.records.append(record)
        self.write()
        self.pack(rng.choice(["", "", "gz", "gz2", "zst"]), rng.choice(["utf-8", "utf-8", "utf-8", "utf-16"]))

    def write(self):
        text = bytearray(self.shape.header)
        line = 1 + text.count(b"\n")
        for record in self.records:
            record.line, record.offset = line, len(text)
            text += record.bytes + self.shape.separator
            line += (record.bytes + self.shape.separator).count(b"\n")
        self.text = bytes(text[: -len(self.shape.separator)]) + self.shape.footer

    def pack(self, container, encoding="utf-8"):
        """Lines and offsets stay those of the UTF-8 text."""
        self.container, self.encoding = container, encoding
        text = self.text.decode().encode(encoding)
        middle = len(text) // 2
        if container == "zst":
            self.bytes = subprocess.run(["zstd", "-qc"], input=text, stdout=subprocess.PIPE, check=True).stdout
        else:
            parts = {"": [], "gz": [text], "gz2": [text[:middle], text[middle:]]}[container]
            self.bytes = b"".join(gzip.compress(part, mtime=0) for part in parts) if parts else text
        self.name = self.form + (f".{container.removesuffix('2')}" if container else "")
