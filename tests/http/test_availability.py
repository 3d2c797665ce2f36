"""What survives what (docs/storage.md): the database away and back, a second process, SIGTERM, kill -9."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from parts import EXCHANGE, KRATOS_SESSION, Hydrant, default_settings, form
from terminal import run

DEADLINE_S = 5  # of any answer
BACK_S = 20     # until the service goes on by itself
EACH_ROTATES = {"refresh_token": {"coalesce": "0s"}}


def together(*asked):
    """calls at the same time -> their answers, with the seconds that the slowest took"""
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(len(asked)) as pool:
        answers = [future.result() for future in [pool.submit(ask) for ask in asked]]
    return answers, time.monotonic() - began


def await_status(hydrant, path, status):
    until = time.monotonic() + BACK_S
    while hydrant.public.get(path).status != status:
        assert time.monotonic() < until, "%s is not %d" % (path, status)
        time.sleep(0.05)


def await_exchanges(hydrant, session):
    """until every worker is connected again"""
    until = time.monotonic() + BACK_S
    while {hydrant.exchange(session).status for _ in range(8)} != {200}:
        assert time.monotonic() < until, "exchanges are refused"


def preflight(hydrant, origin):
    return hydrant.public.request("OPTIONS", "/oauth2/token", headers={"Origin": origin})


class Load:
    """clients that refresh without a pause, each with the token that it holds"""

    def __init__(self, hydrant, tokens):
        self.hydrant, self.held, self.statuses = hydrant, list(tokens), [[] for _ in tokens]
        self.ends, self.threads = threading.Event(), [threading.Thread(target=self.run, args=(i,)) for i in range(len(tokens))]
        for thread in self.threads:
            thread.start()

    def run(self, i):
        while not self.ends.is_set():
            status = None  # nobody answered
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = self.hydrant.refresh(self.held[i])
                status = answer.status
                if status == 200:
                    self.held[i] = answer.json["refresh_token"]
            self.statuses[i].append(status)
            if status != 200:
                time.sleep(0.02)

    def await_success(self):
        """until each client got an answer since now"""
        done, until = [one.count(200) for one in self.statuses], time.monotonic() + BACK_S
        while any(one.count(200) <= before for one, before in zip(self.statuses, done)):
            assert time.monotonic() < until, [one[-3:] for one in self.statuses]
            time.sleep(0.02)

    def stop(self):
        self.ends.set()
        for thread in self.threads:
            thread.join()
        return set().union(*self.statuses)


@contextlib.contextmanager
def load(hydrant, kratos, count=6):
    tokens = [hydrant.exchange(kratos.session()).json["refresh_token"] for _ in range(count)]
    running = Load(hydrant, tokens)
    try:
        running.await_success()
        yield running
    finally:
        running.stop()


# ---- Postgres away ----

@pytest.fixture
def away(postgres):
    """a function that takes Postgres away; at the end it is there again"""
    ways = {"stopped": (postgres.stop, postgres.start), "killed": (postgres.kill, postgres.start), "frozen": (postgres.freeze, postgres.thaw)}
    back = []

    def take(how):
        gone, come_back = ways[how]
        gone()
        back.append(come_back)

    take.back = lambda: back.pop()()
    yield take
    while back:
        take.back()


@pytest.mark.parametrize("how", ["stopped", "killed", "frozen"])
def test_postgres_away_is_503_in_time_and_the_rest_goes_on_and_all_is_well_again_by_itself(start, away, session, how):
    hydrant = start()
    said = hydrant.exchange(session).json
    away(how)
    answers, took_s = together(
        lambda: hydrant.refresh(said["refresh_token"]), lambda: hydrant.exchange(session), lambda: hydrant.revoke(said["refresh_token"]), lambda: hydrant.revoke(said["access_token"]),
        lambda: hydrant.exchange(session, client="unknown-here"), lambda: preflight(hydrant, "https://unknown.example.com"), lambda: hydrant.admin.get("/admin/clients"),
        lambda: hydrant.admin.get("/admin/clients/unknown"), lambda: hydrant.admin.post_json("/admin/clients", {}), lambda: hydrant.admin.request("DELETE", "/admin/clients/unknown"))
    for answer in answers:
        assert answer.status == 503 and answer.json["error"] == "temporarily_unavailable" and int(answer.header("Retry-After")) >= 1, answer
    assert took_s < DEADLINE_S
    for path in ("/.well-known/jwks.json", "/.well-known/oauth-authorization-server", "/health/alive", "/version"):
        began = time.monotonic()
        assert hydrant.public.get(path).status == 200
        assert time.monotonic() - began < 1
    ready = hydrant.public.get("/health/ready")
    assert ready.status == 503 and "database" in ready.body.decode()
    health = run("health", "--endpoint", "http://127.0.0.1:%d" % hydrant.admin.port)
    assert health.code == 1 and health.err == "hydrant health: not ready: database: does not answer\n", health
    assert hydrant.exchange(session, client="exchange-only").status == 200  # what needs no database goes on
    assert hydrant.refresh(said["refresh_token"][:-1]).json["error"] == "invalid_grant"
    assert preflight(hydrant, "https://app.example.com").status == 204
    away.back()
    await_status(hydrant, "/health/ready", 200)
    await_exchanges(hydrant, session)


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_clients_under_load_meet_200_and_503_only_and_go_on_with_the_token_they_hold(start, kratos, away, how):
    hydrant = start(EACH_ROTATES)
    with load(hydrant, kratos) as clients:
        away(how)
        time.sleep(1)
        away.back()
        clients.await_success()
    assert clients.stop() <= {200, 503}


def test_a_server_may_start_before_its_database(kratos, fresh_dsn, away):
    away("stopped")
    hydrant = Hydrant(default_settings(kratos, fresh_dsn()), wait=False)
    try:
        until = time.monotonic() + BACK_S
        while not hydrant.log_lines("waiting_for_database"):
            assert time.monotonic() < until and hydrant.child.poll() is None, hydrant.log
            time.sleep(0.05)
        away.back()
        hydrant.await_ready()
    finally:
        hydrant.stop()


def test_it_stops_in_time_while_its_database_is_away(start, away, session):
    hydrant = start()
    away("frozen")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(hydrant.exchange, session)
        time.sleep(0.3)
        hydrant.stop(expect=0)
        assert asked.result().status == 503


def last_words(settings):
    """of a server that ends with 1 instead of serving; one that serves all the same is ended here"""
    hydrant = Hydrant(settings, wait=False)
    with contextlib.suppress(subprocess.TimeoutExpired):
        hydrant.child.wait(timeout=BACK_S)
    return hydrant.stop(expect=1).splitlines()[-1]


def test_serve_on_a_postgres_that_is_not_migrated_ends_with_1_and_says_what_to_run(kratos, postgres):
    assert "run `hydrant migrate`" in last_words(default_settings(kratos, postgres.empty_database()))


# ---- one process for an SQLite file ----

def test_a_second_process_on_the_same_sqlite_file_is_refused_until_the_first_has_ended(start, kratos, on_postgres, session):
    if on_postgres:
        pytest.skip("only for SQLite: on Postgres there may be many")
    first = start()
    token = first.exchange(session).json["refresh_token"]
    dsn = first.settings["dsn"]
    assert dsn.removeprefix("sqlite://") in last_words(default_settings(kratos, dsn))
    assert first.refresh(token).status == 200
    first.stop()
    assert start({"dsn": dsn}).refresh(token).status == 200


# ---- the end of a process ----

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_start_that_waits_for_its_database_with_0(kratos, number):
    hydrant = Hydrant(default_settings(kratos, "postgres://hydrant@127.0.0.1:1/hydrant"), wait=False)
    until = time.monotonic() + BACK_S
    while not hydrant.log_lines("waiting_for_database"):
        assert time.monotonic() < until and hydrant.child.poll() is None, hydrant.log
        time.sleep(0.05)
    began = time.monotonic()
    hydrant.child.send_signal(number)
    hydrant.child.wait(timeout=BACK_S)
    assert time.monotonic() - began < 3
    assert '"event":"ended"' in hydrant.stop(expect=0)


def test_sigterm_lets_an_exchange_finish_takes_no_new_connection_and_ends_with_0(start, kratos, session):
    hydrant = start()
    kratos.fault(path="whoami", delay_ms=1500, count=-1)
    idle = socket.create_connection((hydrant.public.host, hydrant.public.port))  # nobody waits for it
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(hydrant.exchange, session)
        time.sleep(0.5)
        began = time.monotonic()
        hydrant.child.terminate()
        time.sleep(0.3)
        with pytest.raises(OSError):
            hydrant.public.get("/health/alive")
        assert asked.result().status == 200
    idle.close()
    log = hydrant.stop(expect=0)
    assert time.monotonic() - began < 10
    assert '"event":"drain"' in log and '"event":"ended"' in log


def test_a_client_that_leaves_takes_nothing_with_it(start, kratos, session):
    hydrant = start()
    kratos.fault(path="whoami", delay_ms=600, count=1)
    body = form({"grant_type": EXCHANGE, "subject_token": session["session_token"], "subject_token_type": KRATOS_SESSION, "client_id": "spa"})
    with socket.create_connection((hydrant.public.host, hydrant.public.port)) as s:
        s.sendall(("POST /oauth2/token HTTP/1.1\r\nHost: x\r\nX-Request-Id: left\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)).encode())
        time.sleep(0.2)
    until = time.monotonic() + DEADLINE_S
    while not (lines := [line for line in hydrant.log_lines("request") if line["id"] == "left"]) and time.monotonic() < until:
        time.sleep(0.01)
    assert [(line["outcome"], line["level"], line["step"]) for line in lines] == [("left", "info", "ask_kratos")]
    assert hydrant.exchange(session).status == 200


def start_unread(start):
    """a server whose log goes into a pipe, and far more of it than a pipe holds; the ids of the lines, and where to read"""
    reading, writing = os.pipe()
    hydrant = start(log_to=writing)
    os.close(writing)
    ids = ["%s-%d" % ("x" * 50, i) for i in range(1000)]
    assert {hydrant.public.get("/", headers={"X-Request-Id": name}).status for name in ids} == {404}
    return hydrant, ids, open(reading, encoding="utf-8")


def test_a_log_that_nobody_reads_holds_nobody_up_and_has_every_line_when_somebody_does(start):
    hydrant, ids, log = start_unread(start)
    with log, concurrent.futures.ThreadPoolExecutor(1) as pool:
        read = pool.submit(log.readlines)
        hydrant.stop(expect=0)
        lines = [json.loads(line) for line in read.result()]
    assert sorted(line["id"] for line in lines if line["event"] == "request" and line["id"].startswith("xxx")) == sorted(ids)
    assert lines[-1]["event"] == "ended"


def test_a_log_that_nobody_reads_does_not_hold_the_end_up(start):
    hydrant, _, log = start_unread(start)
    with log:
        began = time.monotonic()
        hydrant.stop(expect=0)
        assert time.monotonic() - began < DEADLINE_S


def test_kill_9_under_load_loses_nobody_a_token(start, kratos):
    first = start(EACH_ROTATES)
    with load(first, kratos) as clients:
        for _ in range(2):
            clients.hydrant.kill()
            time.sleep(0.1)
            clients.hydrant = start(first.settings)
            clients.await_success()
    assert clients.stop() <= {200, None}


def test_after_a_restart_grants_keys_and_clients_are_as_they_were(start, session):
    first = start()
    client = first.admin.post_json("/admin/clients", {"token_endpoint_auth_method": "none", "scope": "api"}).json["client_id"]
    kept, ended = (first.exchange(session, client=None, client_id=client).json["refresh_token"] for _ in range(2))
    first.revoke(ended, client=None, client_id=client)
    keys = first.jwks()
    first.stop()
    second = start(first.settings)
    assert second.jwks() == keys
    assert second.refresh(kept, client=None, client_id=client).status == 200
    assert second.refresh(ended, client=None, client_id=client).json["error"] == "invalid_grant"
