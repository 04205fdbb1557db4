"""Programs under test: started, killed, waited for within a limit, and what they said."""
import os
import signal
import subprocess
import time


class TooLong(Exception):
    """A program did not end in its time."""


class Program:
    def __init__(self, command, environment, log):
        self.command, self.log = command, log
        self.began = time.monotonic()
        with open(f"{log}.out", "wb") as out, open(f"{log}.err", "wb") as err:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd="/"
            )
        self.code = None
        self.memory = 0
        self.is_killed = False  # by the rig

    def poll(self):
        """Its exit code; minus the signal that ended it; None: it runs."""
        if self.code is None:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.code = self.process.returncode = os.waitstatus_to_exitcode(status)
                self.memory = usage.ru_maxrss >> 10
                self.seconds = time.monotonic() - self.began
        return self.code

    def wait(self, limit):
        end = time.monotonic() + limit
        pause = 0.002
        while self.poll() is None:
            if time.monotonic() > end:
                raise TooLong(f"after {limit:.0f} s still there: {self}")
            time.sleep(pause)
            pause = min(0.02, pause * 1.5)
        return self.code

    def runs_for(self, seconds):
        """Whether it still runs after so long."""
        try:
            self.wait(seconds)
            return False
        except TooLong:
            return True

    def signal(self, number):
        if self.poll() is None:
            self.process.send_signal(number)

    def stands_still(self, limit):
        """Waits until it has stopped itself; False: it ended, or did not."""
        end = time.monotonic() + limit
        while self.poll() is None and time.monotonic() < end:
            with open(f"/proc/{self.process.pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "T":
                    return True
            time.sleep(0.005)
        return False

    def go_on(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        """kill -9; whether it was alive."""
        self.is_killed = True
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        return self.wait(10) == -signal.SIGKILL

    def stop(self, limit=10):
        """SIGTERM, and its end within the limit that is promised."""
        self.signal(signal.SIGTERM)
        return self.wait(limit)

    @property
    def out(self):
        with open(f"{self.log}.out", errors="replace") as file:
            return file.read()

    @property
    def err(self):
        with open(f"{self.log}.err", errors="replace") as file:
            return file.read()

    def says(self, words, limit):
        """Waits until it has said something; False: it ended, or did not say it in time."""
        end = time.monotonic() + limit
        while words not in self.err:
            if self.poll() is not None or time.monotonic() > end:
                return words in self.err
            time.sleep(0.01)
        return True

    def reached(self, place):
        """Whether it said that it did what it was told to do there, as a debug build does."""
        return f"torture: {place}\n" in self.err

    def __str__(self):
        return f"{' '.join(self.command[1:])} ({self.log}.err)"
