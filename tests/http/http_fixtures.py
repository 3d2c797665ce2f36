"""The fixtures of the black-box tests. Which database the tests run against comes from HYDRANT_HTTP_DSN: "sqlite" (a file of its own for each server), or a postgres:// URL (a fresh schema is not needed: names are random)."""
import os
import subprocess
import tempfile

import pytest

from parts import BUILD, Hydrant, Kratos, default_settings, merge


@pytest.fixture(scope="session")
def kratos():
    process = Kratos()
    yield process
    process.stop()


@pytest.fixture(autouse=True)
def no_faults_left(kratos):
    yield
    kratos.no_faults()


@pytest.fixture(scope="session")
def on_postgres():
    return os.environ.get("HYDRANT_HTTP_DSN", "sqlite").startswith("postgres")


@pytest.fixture(scope="session")
def fresh_dsn(on_postgres, tmp_path_factory):
    """a function: the DSN of a database that a new server may use"""
    def make():
        if on_postgres:
            return os.environ["HYDRANT_HTTP_DSN"]
        return "sqlite://" + os.path.join(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp()), "hydrant.db")
    return make


@pytest.fixture
def own_dsn(on_postgres, fresh_dsn, request):
    """a function: the DSN of a database that no other server has used: its keys are those that this one makes"""
    def make():
        if not on_postgres:
            return fresh_dsn()
        dsn = request.getfixturevalue("postgres").empty_database()
        migrate(dsn)
        return dsn
    return make


def migrate(dsn):
    done = subprocess.run([os.path.join(BUILD, "hydrant"), "migrate"], env={**os.environ, "DSN": dsn,
        "SECRETS_SYSTEM": "only-the-schema-is-made-here-no-token"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def migrated(on_postgres):
    """Postgres' schema is the operator's to make"""
    if on_postgres:
        migrate(os.environ["HYDRANT_HTTP_DSN"])


@pytest.fixture
def start(kratos, fresh_dsn, migrated):
    """a function that starts a server with changed settings; every server ends with the test, and a report of a sanitizer fails it"""
    servers = []

    def run(changes=None, **options):
        settings = merge(default_settings(kratos, fresh_dsn()), changes or {})
        server = Hydrant(settings, **options)
        servers.append(server)
        return server

    yield run
    for server in servers:
        if server.child.returncode is None:
            server.stop()


@pytest.fixture(scope="module")
def hydrant(kratos, fresh_dsn, migrated):
    """one server with the usual settings for a whole file"""
    server = Hydrant(default_settings(kratos, fresh_dsn()))
    yield server
    server.stop()


@pytest.fixture
def session(kratos):
    return kratos.session()
