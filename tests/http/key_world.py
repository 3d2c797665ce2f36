"""key_world: what tests of the signing keys share: servers on a database of the test's own, and looks at their keys from outside and behind their back."""
import contextlib
import os
import sqlite3
import subprocess
import time

import pytest

from parts import BUILD, SYSTEM_SECRET, Hydrant, default_settings, header_of, merge

SOON_S = 5
HOUR_MS, DAY_MS = 3600 * 1000, 24 * 3600 * 1000


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
def launch(kratos, own_dsn):
    """a function that starts a server on this test's own database"""
    servers = []

    def begin(changes=None, **options):
        settings = merge(merge(default_settings(kratos, own_dsn), {"keys": {"algorithms": ["ES256"]}}), changes or {})
        servers.append(Hydrant(settings, **options))
        return servers[-1]

    yield begin
    for server in servers:
        if server.child.returncode is None:
            server.stop()


@pytest.fixture
def ask(own_dsn, on_postgres, request):
    """a function that runs SQL behind the server's back"""
    def do(sql):
        if on_postgres:
            psql = request.getfixturevalue("postgres").program("psql")
            done = subprocess.run([psql, "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", own_dsn, "-c", sql], capture_output=True, text=True, cwd="/")
            assert done.returncode == 0, done.stderr
            return [line.split("\t") for line in done.stdout.splitlines()]
        with contextlib.closing(sqlite3.connect(own_dsn.removeprefix("sqlite://"), timeout=10, isolation_level=None)) as db:
            return db.execute(sql).fetchall()
    return do


@pytest.fixture
def two(on_postgres):
    if not on_postgres:
        pytest.skip("SQLite serves one process")


def keys_of(server, algorithm="ES256"):
    """state -> kid, of those that are not removed"""
    listing = server.admin.get("/admin/keys")
    assert listing.status == 200, listing
    return {key["state"]: key["kid"] for key in listing.json["keys"] if key["algorithm"] == algorithm and key["state"] != "removed"}


def published(server):
    return {key["kid"] for key in server.jwks()["keys"]}


def look(server):
    """the server reads its keys now; nothing is under another secret than the first in these tests unless they say so"""
    return server.admin.request("POST", "/admin/keys/reseal")


def token_of(server, session, client="spa"):
    answer = server.exchange(session, client=client)
    assert answer.status == 200, answer
    return answer.json


def kid_of(server, session):
    return header_of(token_of(server, session)["access_token"])["kid"]


def await_true(what, seconds=SOON_S):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)
