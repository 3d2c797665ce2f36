import os
import signal
import subprocess
import sys
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "http"))
from http_fixtures import *  # noqa: E402,F401,F403
from parts import BUILD, SYSTEM_SECRET, Hydrant, Kratos, default_settings, merge  # noqa: E402
from private_postgres import postgres  # noqa: E402,F401
from settable_clock import Clock, Steady  # noqa: E402


@pytest.fixture(scope="session")
def clock(on_postgres):
    """what the database takes for the time, and, unless a test says otherwise, Kratos and the servers too"""
    return Clock(os.environ["HYDRANT_TEST_CLOCK"] if on_postgres else None)


@pytest.fixture(scope="session")
def kratos(clock):
    process = Kratos(clock.environment(os.path.join(BUILD, "kratos_standin")))
    yield process
    process.stop()


@pytest.fixture
def own_dsn(on_postgres, request, tmp_path):
    """a database of this test's own"""
    if not on_postgres:
        return "sqlite://%s/hydrant.db" % tmp_path
    dsn = request.getfixturevalue("postgres").empty_database()
    done = subprocess.run([os.path.join(BUILD, "hydrant"), "migrate"], env={**os.environ, "DSN": dsn, "SECRETS_SYSTEM": SYSTEM_SECRET}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dsn


@pytest.fixture
def start(kratos, own_dsn, clock):
    """a function that starts a server on this test's own database, under the clock; every server ends with the test, and a report of a sanitizer fails it"""
    servers = []

    def run(changes=None, at=clock, **options):
        settings = merge(default_settings(kratos, own_dsn), changes or {})
        servers.append(Hydrant(settings, environment=at.environment(os.path.join(BUILD, "hydrant")), **options))
        if isinstance(at, TimePasses):
            at.servers.append(servers[-1])
        return servers[-1]

    yield run
    for server in servers:
        if server.child.returncode is None:
            server.stop()


class TimePasses:
    """By every clock: the one of the database and of Kratos, and the two of servers that are started at it."""

    def __init__(self, clock):
        self.clock, self.steady, self.servers = clock, Steady(), []

    def environment(self, program):
        return self.steady.environment(program, self.clock)

    def __call__(self, seconds):
        running = [server for server in self.servers if server.child.poll() is None]
        for server in running:
            os.kill(server.child.pid, signal.SIGSTOP)  # or it may see one clock without the other
        self.clock.move_by(seconds)
        self.steady.move_by(seconds)
        for server in running:
            os.kill(server.child.pid, signal.SIGCONT)
        for server in running:  # what it had asked the database for just then is late, and the connection given up
            while b"database" in server.public.get("/health/ready").body:
                time.sleep(0.02)


@pytest.fixture
def time_passes(clock):
    return TimePasses(clock)


@pytest.fixture
def two(on_postgres):
    if not on_postgres:
        pytest.skip("SQLite serves one process")
