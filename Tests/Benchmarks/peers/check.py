"""Counts the people of a file that have a name and an age from 0 to 150, with DuckDB on one thread: check.py FILE."""
import sys

import duckdb

path = sys.argv[1]
if path.endswith(".jsonl"):
    columns = {field: "VARCHAR" for field in ("name", "age", "email", "phoneNumber")}
    table, names = f"read_json(?, format = 'newline_delimited', columns = {columns})", ["name"]
else:
    table, names = "read_csv(?, header = true, all_varchar = true)", ['"name.firstName"', '"name.lastName"']
rules = [f"trim({name}) <> ''" for name in names] + ["try_cast(age AS integer) BETWEEN 0 AND 150"]
connection = duckdb.connect()
connection.execute("SET threads = 1")
print(connection.execute(f"SELECT count(*) FROM {table} WHERE {' AND '.join(rules)}", [path]).fetchone()[0])
