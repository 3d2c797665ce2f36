"""private_postgres: the throw-away Postgres of tests/storage/with_postgres: asked with psql, stopped, killed, frozen and started again."""
import contextlib
import os
import pwd
import re
import secrets
import signal
import subprocess
import time

import pytest

DEADLINE_S = 30


def as_its_user():
    """Postgres refuses root"""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(os.environ["HYDRANT_TEST_PG_USER"])
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class PrivatePostgres:
    dsn = os.environ.get("HYDRANT_HTTP_DSN")

    def program(self, name):
        return os.path.join(os.environ["HYDRANT_TEST_PG_BIN"], name)

    @property
    def data(self):
        return os.environ["HYDRANT_TEST_PG_DATA"]

    def ask(self, sql):
        """rows of texts"""
        done = subprocess.run([self.program("psql"), "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", self.dsn, "-c", sql],
                              capture_output=True, text=True, cwd="/")
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    def empty_database(self):
        """the DSN of one that nobody has migrated"""
        name = "empty_" + secrets.token_hex(4)
        self.ask("CREATE DATABASE " + name)
        return re.sub(r"/[^/?]*(\?|$)", r"/%s\1" % name, self.dsn)

    # ---- its life ----

    def pid(self):
        with open(os.path.join(self.data, "postmaster.pid"), encoding="utf-8") as f:
            return int(f.readline())

    def family(self):
        """the server's processes"""
        return [self.pid()] + [int(pid) for pid in subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.pid())], capture_output=True, text=True).stdout.split()]

    def stop(self):
        """as a restart does it: connections are cut, at once"""
        self.control("stop", "-m", "fast")

    def signal_all(self, number):
        for pid in self.family():
            with contextlib.suppress(ProcessLookupError):  # they come and go
                os.kill(pid, number)

    def kill(self):
        """as a crash does it"""
        self.signal_all(signal.SIGKILL)
        os.unlink(os.path.join(self.data, "postmaster.pid"))

    def freeze(self):
        """it keeps its connections and says nothing any more"""
        self.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.signal_all(signal.SIGCONT)

    def start(self):
        deadline = time.monotonic() + DEADLINE_S  # after a kill the memory that the old one shared must be gone first
        while subprocess.run([self.program("pg_ctl"), "-D", self.data, "status"], capture_output=True, cwd="/", **as_its_user()).returncode != 0:
            assert time.monotonic() < deadline, "Postgres doesn't start"
            self.control("start", check=False)

    def control(self, *words, check=True):
        done = subprocess.run([self.program("pg_ctl"), "-D", self.data, "-l", os.environ["HYDRANT_TEST_PG_LOG"], "-w", "-t", str(DEADLINE_S), *words],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **as_its_user())
        assert done.returncode == 0 or not check, words


@pytest.fixture(scope="session")
def postgres(on_postgres, migrated):
    if not on_postgres:
        pytest.skip("only for Postgres; HYDRANT_HTTP_DSN is sqlite")
    if "HYDRANT_TEST_PG_DATA" not in os.environ:
        pytest.skip("only with a Postgres that tests/storage/with_postgres started")
    return PrivatePostgres()
