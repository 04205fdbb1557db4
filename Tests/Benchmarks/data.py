"""The people of a benchmark, as files: deterministic, unique by (name, age), about 100 bytes a line.

data.py SHAPE PEOPLE ORDER VARIANT [PART], on stdout:
SHAPE csv (dotted header, address, extra fields), jsonl or flat.csv (name, age, email, phoneNumber); ORDER random or
sorted (by age, then name: the index's order); VARIANT changes everything but the key; PART all, tenth (every tenth
person), rest (all but tenth), few (every 21st), most (all but few), changed (every 50th person has the next variant) or
twice (the last tenth of the lines repeats people from all over the
file).
"""
import random
import sys

SYLLABLES = "ra mi ko len sa ti vo ne da lu per an shi ga no be fi jo ka wu".split()
CITIES = "Pune Chennai Kochi Lyon Torino Gent Bergen Aarhus Porto Graz".split()
STATES = "Maharashtra Kerala Bretagne Piemonte Vlaanderen Vestland Tirol".split()
AGES = 90


def names(count):
    """That many different (first, last), in order."""
    parts = sorted(a + b + c for a in SYLLABLES for b in SYLLABLES for c in ("", "n", "r"))
    size = len(parts)
    assert count <= size * size
    return [(parts[i // size].capitalize(), parts[i % size].capitalize()) for i in range(count)]


def csv(first, last, age, salt):
    return (
        f"{first},{last},{age},{salt % 997} {CITIES[salt % 10]} Road,"
        f"Block {salt % 31} Rakshak Housing Society,"
        f"{CITIES[salt // 7 % 10]},{STATES[salt % 7]},{400000 + salt % 99999},{'fe' if salt & 1 else ''}male,level-{salt % 5}\n"
    )


def jsonl(first, last, age, salt):
    return (
        f'{{"name": "{first} {last}", "age": {age}, "email": "{first}.{last}{salt % 1000}@example.org", '
        f'"phoneNumber": "+91 {10 ** 9 + salt % (9 * 10 ** 9)}"}}\n'
    )


def flat_csv(first, last, age, salt):
    return f"{first} {last},{age},{first}.{last}{salt % 1000}@example.org,+91 {10 ** 9 + salt % (9 * 10 ** 9)}\n"


HEADERS = {
    "csv": "name.firstName,name.lastName,age,address.line1,address.line2,address.city,address.state,address.pincode,"
    "gender,level\n",
    "jsonl": "",
    "flat.csv": "name,age,email,phoneNumber\n",
}


def main(shape, people, order, variant, part="all"):
    people, variant = int(people), int(variant)
    per_age = -(-people // AGES)
    pool = names(per_age)
    ids = list(range(people))
    if part == "tenth":
        ids = ids[::10]
    elif part == "rest":
        del ids[::10]
    elif part == "few":
        ids = ids[::21]
    elif part == "most":
        del ids[::21]
    if order == "random":
        random.Random(variant).shuffle(ids)
    if part == "twice":
        tenth = people // 10
        ids[-tenth:] = ids[: people - tenth : 9][:tenth]
    make = {"csv": csv, "jsonl": jsonl, "flat.csv": flat_csv}[shape]
    write = sys.stdout.write
    write(HEADERS[shape])
    for i in ids:
        first, last = pool[i % per_age]
        version = variant + 1 if part == "changed" and i % 50 == 0 else variant
        write(make(first, last, i // per_age + 3, (i * 2654435761 + version * 40503) & 0xFFFFFFFF))


if __name__ == "__main__":
    main(*sys.argv[1:])
