import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "http"))
from http_fixtures import *  # noqa: E402,F401,F403
from parts import BUILD, Hydrant, Kratos, default_settings, merge  # noqa: E402
from private_postgres import postgres  # noqa: E402,F401
from settable_clock import Clock  # noqa: E402
from key_table import KeyTable  # noqa: E402


@pytest.fixture(scope="session")
def clock(on_postgres):
    """what the servers, their database and Kratos take for the time"""
    return Clock(os.environ["HYDRANT_TEST_CLOCK"] if on_postgres else None)


@pytest.fixture(scope="session")
def kratos(clock):
    process = Kratos(clock.environment(os.path.join(BUILD, "kratos_standin")))
    yield process
    process.stop()


@pytest.fixture
def start(kratos, fresh_dsn, migrated, clock, request):
    """a function that starts a server under the clock; every server ends with the test, and a report of a sanitizer fails it"""
    servers = []

    def run(changes=None, **options):
        settings = merge(default_settings(kratos, fresh_dsn()), changes or {})
        server = Hydrant(settings, environment=clock.environment(os.path.join(BUILD, "hydrant")), **options)
        servers.append(server)
        return server

    yield run
    for server in servers:
        if server.child.returncode is None:
            server.stop()


@pytest.fixture
def table_of():
    """a function: the key table of a server, to be read and broken behind its back"""
    tables = []

    def find(server):
        tables.append(KeyTable(server.settings["dsn"]))
        return tables[-1]

    yield find
    for table in tables:
        table.close()
