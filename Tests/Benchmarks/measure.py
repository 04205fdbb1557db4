"""Wall time, CPU seconds and peak memory of programs, and the CPU seconds of the two servers meanwhile."""
import dataclasses
import os
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")


def stat(pid):
    """Fields of /proc/PID/stat that follow the name: state is 0, ppid 1, utime 11, stime 12, cutime 13, cstime 14."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()


def server_seconds(pid):
    """CPU seconds of a server and its children, those that have ended included."""
    while True:
        own = [int(field) for field in stat(pid)[11:15]]
        living = 0
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    fields = stat(entry)
                except OSError:  # it has just ended
                    continue
                if fields[1] == str(pid):
                    living += int(fields[11]) + int(fields[12])
        # A child that ended meanwhile would be counted twice, or not at all.
        if [int(field) for field in stat(pid)[13:15]] == own[2:]:
            return (sum(own) + living) / TICK


@dataclasses.dataclass
class Figures:
    wall: float
    tool: float
    postgres: float
    kafka: float
    memory: dict  # program name -> peak KiB


class Meter:
    """Runs programs and adds up what they cost. One meter a measurement: start(), the programs, stop()."""

    def __init__(self, environment):
        self.environment = environment
        self.tool = 0.0
        self.memory = {}

    def start(self):
        self.servers = [server_seconds(int(os.environ[name])) for name in ("POSTGRES_PID", "KAFKA_PID")]
        self.began = time.monotonic()

    def stop(self):
        """The clock stops here; programs still running (a worker as a service) are waited for after it."""
        self.wall = time.monotonic() - self.began
        before = self.servers
        self.servers = [server_seconds(int(os.environ[name])) for name in ("POSTGRES_PID", "KAFKA_PID")]
        self.servers = [after - earlier for after, earlier in zip(self.servers, before)]

    def figures(self):
        return Figures(self.wall, self.tool, *self.servers, self.memory)

    def spawn(self, *command, log=None, **options):
        """A program in the background; its stderr goes to a file, as nobody reads a pipe."""
        errors = open(log, "wb") if log else subprocess.DEVNULL
        return subprocess.Popen(
            command, env=self.environment, stdin=subprocess.DEVNULL, stderr=errors, **{"stdout": errors, **options}
        )

    def finish(self, process, name, codes=(0,)):
        """Waits for its end and takes its CPU seconds and peak memory."""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = code = os.waitstatus_to_exitcode(status)
        self.tool += usage.ru_utime + usage.ru_stime
        self.memory[name] = max(self.memory.get(name, 0), usage.ru_maxrss)
        if code not in codes:
            raise SystemExit(f"{' '.join(process.args)}: exit code {code}")

    def run(self, *command, name, log=None, codes=(0,), **options):
        self.finish(self.spawn(*command, log=log, **options), name, codes)
