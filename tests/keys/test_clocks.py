"""Clocks that jump, servers that were away for long, and what depends on time where settings differ: through running servers, under clocks that the test sets."""
import os
import time

import pytest

from key_table import KeyTable
from parts import BUILD, Kratos, header_of
from settable_clock import Clock
from watch import Watch

HOUR_S, DAY_S = 3600, 24 * 3600
MAX_AGE_S = 15 * 60
SOON_S = 5
CLIENTS = [{"client_id": name, "token_endpoint_auth_method": "none", "access_token": {"algorithm": name}} for name in ("ES256", "RS256", "EdDSA")]
ES256 = {"keys": {"algorithms": ["ES256"]}, "clients": CLIENTS[:1]}
ALL_THREE = {"keys": {"algorithms": ["ES256", "RS256", "EdDSA"]}, "clients": CLIENTS}


def look(*servers):
    """they read their keys now, as they do every 30 s"""
    for server in servers:
        server.read_keys()


def kids(server):
    return {key["kid"] for key in server.jwks()["keys"]}


def token_of(server, session, client="ES256"):
    answer = server.exchange(session, client=client)
    assert answer.status == 200, answer
    return answer.json["access_token"]


def await_true(what):
    deadline = time.monotonic() + SOON_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def database_s_clock(clock):
    """put right again for the tests that follow"""
    offset = clock.offset
    yield clock
    clock.move_by(offset - clock.offset)


# ---- the database's clock jumps ----

@pytest.fixture
def servers_clock(on_postgres, clock):
    """the right time, which Kratos and the server have; SQLite has no clock but the server's"""
    return Clock() if on_postgres else clock


@pytest.fixture
def far_session(on_postgres, kratos, servers_clock):
    """a session, and the settings of the Kratos that knows it: one whose clock is the server's"""
    own = Kratos(servers_clock.environment(os.path.join(BUILD, "kratos_standin"))) if on_postgres else kratos
    yield own.session(lifespan_s=100 * 365 * DAY_S), {"kratos": {"public_url": own.public_url, "admin_url": own.admin_url}}
    if own is not kratos:
        own.stop()


@pytest.mark.parametrize("jump_s", [-90 * DAY_S, -2 * HOUR_S, 2 * HOUR_S, 40 * DAY_S, 20 * 365 * DAY_S], ids=["90 days back", "2 hours back", "2 hours ahead", "40 days ahead", "20 years ahead"])
def test_a_clock_that_jumps_and_comes_back_takes_no_key_from_a_token(start, database_s_clock, servers_clock, far_session, jump_s):
    session, kratos = far_session
    server = start({**ES256, **kratos}, at=servers_clock)
    seen, signed, tokens = [kids(server)], [], []

    def exchange():
        tokens.append(token_of(server, session))
        signed.append(header_of(tokens[-1])["kid"])
        assert all(signed[-1] in some for some in seen), "who fetched the key set before can't verify this token"
        seen.append(kids(server))
        assert set(signed) <= seen[-1], "a token of before can't be verified any more"

    exchange()
    for by in (jump_s, -jump_s):
        lines = len(server.log_lines("clock_jumped"))
        database_s_clock.move_by(by)
        if database_s_clock is servers_clock:
            await_true(lambda: len(server.log_lines("clock_jumped")) > lines)  # seen by itself
        look(server)
        assert ("behind" if by < 0 else "ahead") in server.log_lines("clock_jumped")[-1]["text"] and "NTP" in server.log_lines("clock_jumped")[-1]["text"]
        exchange()
        assert server.public.get("/health/ready").status == 200
    look(server)
    exchange()
    assert len(server.log_lines("clock_jumped")) == 2


def test_a_clock_that_runs_far_ahead_and_comes_back_takes_no_key_that_is_published_for_its_last_tokens(start, database_s_clock, servers_clock, far_session):
    session, kratos = far_session
    server = start({**ES256, **kratos}, at=servers_clock)
    kid = header_of(token_of(server, session))["kid"]
    assert server.admin.post_json("/admin/keys/rotate", {"force": True}).status == 200
    for by in (40 * DAY_S, -40 * DAY_S):
        database_s_clock.move_by(by)
        look(server)
    assert kid in kids(server) and header_of(token_of(server, session))["kid"] in kids(server)


# ---- away for long ----

@pytest.mark.parametrize("days", [29.5, 31, 400])
def test_a_server_that_was_off_signs_with_a_key_that_was_published_before(start, clock, kratos, days):
    session = kratos.session(lifespan_s=500 * DAY_S)
    server = start(ES256)
    before = kids(server)
    server.stop()
    clock.move_by(days * DAY_S)
    server = start(ES256)
    assert header_of(token_of(server, session))["kid"] in before & kids(server)
    states = sorted(key["state"] for key in server.admin.get("/admin/keys").json["keys"] if key["state"] != "removed")
    assert states[:2] == ["active", "pending"] and len(server.log_lines("key_made")) == (days > 30)


# ---- settings that differ, and that change ----

def test_replicas_with_different_settings_rotate_all_keys_and_neither_takes_the_other_s(start, two, clock, kratos):
    """docs/keys.md: each says once an hour what it wants"""
    times = {"rotate_every": "24h", "publish_before": "12h"}
    a = start({"keys": {"algorithms": ["ES256", "RS256"], **times}, "clients": CLIENTS[:2]})
    b = start({"keys": {"algorithms": ["ES256", "EdDSA"], **times}, "clients": CLIENTS[::2]})
    session, watch, signers = kratos.session(lifespan_s=30 * DAY_S), Watch(cache_s=12 * HOUR_S), set()
    look(a, b)
    for _ in range(30):
        at = clock.now()
        look(a, b, a)
        assert a.jwks() == b.jwks()
        watch.see_set(at, a.jwks())
        for server, client in ((a, "ES256"), (a, "RS256"), (b, "ES256"), (b, "EdDSA")):
            signers.add(watch.see_token(at, token_of(server, session, client)).kid)
        watch.verify(at, MAX_AGE_S)
        clock.move_by(2 * HOUR_S)
    assert len(signers) == 3 * 3


def test_an_algorithm_taken_out_stays_published_for_its_tokens_and_then_goes(start, clock, kratos, time_passes):
    session, watch = kratos.session(lifespan_s=30 * DAY_S), Watch(cache_s=12 * HOUR_S)
    server = start(ALL_THREE)
    look(server)
    watch.see_set(clock.now(), server.jwks())
    for client in ("ES256", "RS256", "EdDSA"):
        watch.see_token(clock.now(), token_of(server, session, client))
    server.stop()
    server = start(ES256, at=time_passes)
    time_passes(10 * 60)
    look(server)
    watch.see_set(clock.now(), server.jwks())
    watch.verify(clock.now(), 0)
    assert len(watch.tokens) == 3 and {key["alg"] for key in server.jwks()["keys"]} == {"ES256", "RS256", "EdDSA"}
    time_passes(3 * HOUR_S - 10 * 60 - 60)
    look(server)
    assert len(server.jwks()["keys"]) == 6
    time_passes(60 + 10)
    look(server)
    if len(server.jwks()["keys"]) == 6:  # a reading fell between the moves of the two clocks here, and counts as a jump: then it takes as long again
        time_passes(3 * HOUR_S + 10)
        look(server)
    assert sorted(key["alg"] for key in server.jwks()["keys"]) == ["ES256", "ES256", "EdDSA", "RS256"]  # those that signed
    time_passes(DAY_S + 40 * 60)  # the longest that a token may live, skew, max-age and stale-if-error
    look(server)
    assert {key["alg"] for key in server.jwks()["keys"]} == {"ES256"}


@pytest.mark.parametrize("jump_s", [4 * HOUR_S, 90 * DAY_S, -90 * DAY_S], ids=["4 hours ahead", "90 days ahead", "90 days back"])
def test_a_clock_that_jumps_takes_no_key_from_a_replica_with_other_algorithms(start, two, database_s_clock, servers_clock, far_session, jump_s):
    """what the others said of what they want looks old after it, and whoever reads first must not act on that"""
    session, kratos = far_session
    a = start({**ES256, **kratos}, at=servers_clock)
    b = start({**ALL_THREE, **kratos}, at=servers_clock)
    look(b, a)
    before = kids(b)
    signed = {client: header_of(token_of(b, session, client))["kid"] for client in ("RS256", "EdDSA")}
    for by in (jump_s, -jump_s):
        database_s_clock.move_by(by)
        look(a, a, b, a, b)
        assert before <= kids(a) and before <= kids(b)
        for client in signed:
            kid = header_of(token_of(b, session, client))["kid"]
            assert kid in before, "this one was not published before"


# ---- a machine that sleeps ----

def test_after_a_sleep_no_server_signs_by_what_it_knew_before(start, clock, kratos, own_dsn, time_passes):
    session = kratos.session(lifespan_s=30 * DAY_S)
    server = start(ES256, at=time_passes)
    token_of(server, session)
    table = KeyTable(own_dsn)
    table.ask("ALTER TABLE signing_keys RENAME TO away")  # the keys can't be read, all else can
    try:
        time_passes(4 * 60)
        token_of(server, session)
        time_passes(2 * 60)
        answer = server.exchange(session, client="ES256")
        assert answer.status == 503, answer
        assert "5 minutes" in server.public.get("/health/ready").json["errors"]["keys"]
    finally:
        table.ask("ALTER TABLE away RENAME TO signing_keys")
        table.close()
    look(server)
    token_of(server, session)
