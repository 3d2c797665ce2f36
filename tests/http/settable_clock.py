"""settable_clock: one clock for all programs of a test, by libfaketime: what stands in a file is how far they believe to be from the machine's time. Their
steady clock is the machine's still, so that timers and time limits run as ever, unless a test moves that one too (Steady)."""
import glob
import os
import subprocess
import tempfile
import time

from parts import BUILD

LIBRARIES = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")


class Clock:
    def __init__(self, path=None):
        """path: a file that programs look at already (HYDRANT_TEST_CLOCK of with_postgres)"""
        self.path = path or os.path.join(tempfile.mkdtemp(prefix="hydrant-clock-"), "clock")
        self.offset = 0
        self.move_by(0)

    def now(self):
        return time.time() + self.offset

    def move_by(self, seconds):
        self.offset += seconds
        with open(self.path + ".new", "w", encoding="ascii") as f:
            f.write("%+.3f\n" % self.offset)
        os.rename(self.path + ".new", self.path)

    def move_to(self, at):
        self.move_by(at - self.now())

    def environment(self, program=None):
        """what makes a program look at this clock; program: one of ours, whose sanitizer has to be loaded first"""
        sanitizer = sanitizer_of(program) if program else []
        return {"LD_PRELOAD": ":".join(sanitizer + LIBRARIES[:1]), "FAKETIME_TIMESTAMP_FILE": self.path, "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # without it steady waits on a condition end at once
                "FAKETIME_DONT_RESET": "1"}


class Steady:
    """How far a server believes its steady clock to be, by tests/keys/steady_shift.c: only ever forward."""

    def __init__(self):
        self.path = os.path.join(tempfile.mkdtemp(prefix="hydrant-steady-"), "shift")
        self.offset = 0
        self.move_by(0)

    def move_by(self, seconds):
        self.offset += seconds
        with open(self.path + ".new", "w", encoding="ascii") as f:
            f.write("%d\n" % self.offset)
        os.rename(self.path + ".new", self.path)

    def environment(self, program, clock=None):
        """clock: a Clock that the program looks at too"""
        others = clock.environment() if clock else {}
        libraries = sanitizer_of(program) + [os.path.join(BUILD, "tests", "libsteady_shift.so")] + [path for path in others.get("LD_PRELOAD", "").split(":") if path]
        return {**others, "LD_PRELOAD": ":".join(libraries), "STEADY_SHIFT_FILE": self.path}


def sanitizer_of(program):
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout.split()
    return [word for word in linked if word.startswith("/") and ("libasan" in word or "libtsan" in word)]
