"""The servers as a benchmark sees them: databases copied from templates, topics, files, and checked counts."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = os.environ["WORK"]
USERLOAD = os.environ["USERLOAD"]
COLUMNS = "name, age, email, phone_number, address, additional_info, job"


def environment(database, topic):
    return os.environ | {
        "DB_NAME": database,
        "KAFKA_TOPIC": topic,
        "PGPASSWORD": os.environ["DB_PASSWORD"],
        "USERLOAD_STATE_DIR": f"{WORK}/journal/{topic}",
    }


def check(command, **options):
    """Runs a program that is not measured, and returns what it printed."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    if result.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def psql_command(database, *statements):
    address = ["-h", os.environ["DB_HOST"], "-p", os.environ["DB_PORT"], "-U", os.environ["DB_USER"]]
    commands = [word for sql in statements for word in ("-c", sql)]
    return ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *address, "-d", database, *commands]


def psql(database, sql):
    return check(psql_command(database, sql), env=environment(database, "")).strip()


def copy_database(template, name):
    """A fresh copy; file_copy is quick for large templates. Dirty pages are written before the clock starts."""
    psql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    psql("postgres", f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    psql("postgres", "CHECKPOINT")


def userload(database, topic, *arguments, binary=USERLOAD):
    return check([binary, *arguments], env=environment(database, topic))


def data_file(*arguments):
    """A file of data.py, made once."""
    path = f"{WORK}/{'-'.join(map(str, arguments))}.{arguments[0]}"
    if not os.path.exists(path):
        with open(path, "w") as file:
            subprocess.run([sys.executable, f"{HERE}/data.py", *map(str, arguments)], stdout=file, check=True)
    return path


def gzip(path):
    """The file packed, made once."""
    packed = f"{path}.gz"
    if not os.path.exists(packed):
        check(["gzip", "--keep", path])
    return packed


def delete_topics(pattern):
    check(
        [
            f"{os.environ['KAFKA_HOME']}/bin/kafka-topics.sh", "--bootstrap-server", os.environ["KAFKA_BROKER"],
            "--delete", "--if-exists", "--topic", pattern,
        ]
    )  # fmt: skip


def job_status(database, topic, slug, binary=USERLOAD):
    """What `status --json` says of one job, one line per job."""
    return json.loads(userload(database, topic, "status", "--json", slug, binary=binary).splitlines()[0])


def expect(what, found, wanted):
    if found != wanted:
        raise SystemExit(f"WRONG COUNT: {what}: {found}, not {wanted}")
