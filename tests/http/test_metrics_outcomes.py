"""What came of refreshes, exchanges, hooks, proxies' questions and introspections, counted in /metrics/prometheus by doing it (docs/metrics.md)."""
import concurrent.futures
import json
import socket
import time

import pytest

import forward_auth_parts as forward_auth
import hydra_hook_parts as hydra_hook
import introspect_parts as introspect
from forward_auth_parts import proxied  # noqa: F401
from hydra_hook_parts import hooked  # noqa: F401
from metrics_parts import SOON_S, growth, samples
from parts import EXCHANGE, KRATOS_COOKIE, KRATOS_SESSION, Hydrant, default_settings, form, merge
from test_own_cookie import ask as exchange_own_cookie


def refresh_outcomes(hydrant, act):
    return growth(hydrant, "hydrant_refreshes_total", act, "outcome")


def exchange_outcomes(hydrant, act):
    return growth(hydrant, "hydrant_exchanges_total", act, "subject_token_type", "outcome")


def post(path, body, header):
    return "POST %s HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: left\r\n%s\r\nContent-Length: %d\r\n\r\n%s" % (path, header, len(body), body)


def send_and_leave(hydrant, port, text):
    """asks and closes the connection before the answer; returns once that stands in the log"""
    with socket.create_connection((port.host, port.port)) as s:
        s.sendall(text.encode())
        time.sleep(0.2)
    until = time.monotonic() + SOON_S
    while not any(line["id"] == "left" for line in hydrant.log_lines("request")) and time.monotonic() < until:
        time.sleep(0.01)


@pytest.fixture(scope="module")
def quick(kratos, fresh_dsn, migrated):
    """grace of a second, and nothing coalesced"""
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {"refresh_token": {"grace": "1s", "coalesce": "0s"}}))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def eager(kratos, fresh_dsn, migrated):
    """looks at the session at every refresh, and believes its last look for no time"""
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {"access_token": {"ttl": "1s"}, "kratos": {"session": {"revalidate_after": "0s", "stale_if_error": "0s"}}}))
    yield server
    server.stop()


# ---- refreshes ----

def test_a_refresh_is_counted_by_the_rule_that_it_fell_under(hydrant, quick, session):
    zero = hydrant.exchange(session).json["refresh_token"]
    one = None

    def rotate():
        nonlocal one
        one = hydrant.refresh(zero).json["refresh_token"]

    assert refresh_outcomes(hydrant, rotate) == {"rotated": 1}
    assert refresh_outcomes(hydrant, lambda: hydrant.refresh(zero)) == {"retried": 1}
    assert refresh_outcomes(hydrant, lambda: hydrant.refresh(one)) == {"same_again": 1}
    late = quick.exchange(session).json["refresh_token"]
    quick.refresh(late)
    time.sleep(1.2)
    assert refresh_outcomes(quick, lambda: quick.refresh(late)) == {"skipped": 1}


def test_a_reuse_and_what_comes_after_it_are_counted(quick, session):
    zero = quick.exchange(session).json["refresh_token"]
    one = quick.refresh(zero).json["refresh_token"]
    two = quick.refresh(one).json["refresh_token"]
    time.sleep(1.2)
    assert refresh_outcomes(quick, lambda: quick.refresh(zero)) == {"reused": 1}
    assert refresh_outcomes(quick, lambda: quick.refresh(two)) == {"revoked": 1}


def test_what_is_wrong_with_the_request_is_refused_and_no_rule_s_outcome(hydrant, session):
    token = hydrant.exchange(session).json["refresh_token"]
    for wrong in ({"refresh_token": token[:-1]}, {"refresh_token": token, "client": "mobile"}, {"refresh_token": token, "scope": "write"}):
        assert refresh_outcomes(hydrant, lambda: hydrant.refresh(**wrong)) == {"refused": 1}
    assert refresh_outcomes(hydrant, lambda: hydrant.refresh(token, client=None)) == {}  # before its grant_type is read it is no refresh


def test_a_session_that_ended_is_counted_with_the_revocation_of_its_grant(eager, kratos):
    session = kratos.session()
    token = eager.exchange(session).json["refresh_token"]
    kratos.do(session, "revoke")
    before = samples(eager)
    assert refresh_outcomes(eager, lambda: eager.refresh(token)) == {"session_ended": 1}
    key = ("hydrant_revocations_total", (("because", "session_ended"), ("by", "grant")))
    assert samples(eager)[key] == before[key] + 1


def test_a_refresh_that_kratos_keeps_from_being_answered_is_unavailable(eager, kratos, session):
    token = eager.exchange(session).json["refresh_token"]
    time.sleep(1.1)
    kratos.fault(path="session", status=500, count=-1)
    assert refresh_outcomes(eager, lambda: eager.refresh(token)) == {"unavailable": 1}


def test_a_revocation_is_counted_where_it_ended_a_grant(hydrant, session):
    token = hydrant.exchange(session).json["refresh_token"]
    assert growth(hydrant, "hydrant_revocations_total", lambda: hydrant.revoke(token), "by", "because") == {("grant", "revoked_by_client"): 1}
    assert growth(hydrant, "hydrant_revocations_total", lambda: hydrant.revoke(token), "by", "because") == {}


# ---- exchanges ----

def test_an_exchange_is_counted_by_what_was_exchanged_and_what_came_of_it(hydrant, kratos, session):
    def by_cookie_value():
        hydrant.token({"grant_type": EXCHANGE, "subject_token": session["cookie"], "subject_token_type": KRATOS_COOKIE})

    assert exchange_outcomes(hydrant, lambda: hydrant.exchange(session)) == {("kratos_session", "issued"): 1}
    assert exchange_outcomes(hydrant, by_cookie_value) == {("kratos_cookie", "issued"): 1}
    assert exchange_outcomes(hydrant, lambda: exchange_own_cookie(hydrant, session)) == {("own_cookie", "issued"): 1}
    assert exchange_outcomes(hydrant, lambda: exchange_own_cookie(hydrant, session, Origin="https://evil.example.com")) == {("own_cookie", "origin"): 1}
    assert exchange_outcomes(hydrant, lambda: hydrant.exchange(session, subject_token_type="urn:x")) == {("other", "no_session"): 1}
    assert exchange_outcomes(hydrant, lambda: hydrant.exchange(session, scope="nothing-of-ours")) == {("kratos_session", "refused"): 1}


def test_an_exchange_for_nothing_is_counted_by_why(hydrant, kratos):
    ended, weak = kratos.session(), kratos.session()
    kratos.do(ended, "revoke")
    kratos.do(weak, "require_aal2")
    assert exchange_outcomes(hydrant, lambda: hydrant.exchange(ended)) == {("kratos_session", "no_session"): 1}
    assert exchange_outcomes(hydrant, lambda: hydrant.exchange(weak)) == {("kratos_session", "step_up"): 1}
    kratos.fault(path="whoami", status=500, count=-1)
    assert exchange_outcomes(hydrant, lambda: hydrant.exchange(weak)) == {("kratos_session", "unavailable"): 1}


def test_a_client_that_leaves_is_counted_as_left(hydrant, kratos, session):
    kratos.fault(path="whoami", delay_ms=600, count=1)
    body = form({"grant_type": EXCHANGE, "subject_token": session["session_token"], "subject_token_type": KRATOS_SESSION, "client_id": "spa"})
    ask = post("/oauth2/token", body, "Content-Type: application/x-www-form-urlencoded")
    assert exchange_outcomes(hydrant, lambda: send_and_leave(hydrant, hydrant.public, ask)) == {("kratos_session", "left"): 1}


# ---- hooks, proxies, introspections ----

def hook_outcomes(hydrant, act):
    return growth(hydrant, "hydrant_hook_answers_total", act, "outcome")


def test_an_answer_to_hydra_is_counted_by_what_it_was(hooked, kratos):
    session, ended = kratos.session(), kratos.session()
    kratos.do(ended, "revoke")
    payload = hydra_hook.of(session)
    assert hook_outcomes(hooked, lambda: hydra_hook.hook(hooked, payload)) == {"mapped": 1}
    assert hook_outcomes(hooked, lambda: hydra_hook.hook(hooked, hydra_hook.recording("client-credentials"))) == {"unchanged": 1}
    assert hook_outcomes(hooked, lambda: hydra_hook.hook(hooked, hydra_hook.tied(ended))) == {"refused": 1}
    assert hook_outcomes(hooked, lambda: hydra_hook.hook(hooked, payload, {"Authorization": "Bearer another"})) == {"not_hydra": 1}
    assert hook_outcomes(hooked, lambda: hydra_hook.hook(hooked, "no JSON")) == {"malformed": 1}


def test_with_kratos_away_hydra_is_answered_as_mapped_from_the_last_look_else_unchanged(hooked, kratos):
    known, unknown = kratos.session(), kratos.session()
    hydra_hook.hook(hooked, hydra_hook.of(known))
    kratos.fault(path="all", status=500, count=-1)
    assert hook_outcomes(hooked, lambda: hydra_hook.hook(hooked, hydra_hook.of(known))) == {"mapped": 1}
    assert hook_outcomes(hooked, lambda: hydra_hook.hook(hooked, hydra_hook.of(unknown))) == {"unchanged": 1}


def test_a_hydra_that_leaves_is_counted_as_left(hooked, kratos):
    ask = post("/hooks/hydra/token", json.dumps(hydra_hook.of(kratos.session())), "Authorization: " + hydra_hook.KEY)
    kratos.fault(path="identity", delay_ms=600, count=1)
    assert hook_outcomes(hooked, lambda: send_and_leave(hooked, hooked.admin, ask)) == {"left": 1}


def forward_auth_outcomes(hydrant, act):
    return growth(hydrant, "hydrant_forward_auth_total", act, "outcome")


def test_what_a_proxy_is_told_is_counted_by_where_it_came_from_and_why_not(proxied, kratos, session):
    def asked(whose, profile="app"):
        return forward_auth_outcomes(proxied, lambda: forward_auth.ask(proxied, whose and forward_auth.cookie(whose), profile))

    ended, weak = kratos.session(), kratos.session()
    kratos.do(ended, "revoke")
    kratos.do(weak, "require_aal2")
    assert asked(session) == {"looked": 1}
    assert asked(session) == {"kept": 1}
    assert asked(None) == asked(ended) == {"no_session": 1}
    assert asked(weak) == {"step_up": 1}
    assert asked(session, "no-such-profile") == {"refused": 1}
    assert asked(session, "nobody") == {"failed": 1}
    kratos.fault(path="whoami", status=500, count=-1)
    assert asked(kratos.session()) == {"unavailable": 1}


def test_a_proxy_that_is_not_trusted_is_counted_as_refused(start, session):
    stranger = start({**forward_auth.SETTINGS, "serve": {"trusted_proxies": []}, "forward_auth": {"profiles": {"app": forward_auth.PROFILES["app"]}}})
    assert forward_auth_outcomes(stranger, lambda: forward_auth.ask(stranger, forward_auth.cookie(session))) == {"refused": 1}


def test_who_waits_for_another_s_look_was_told_what_was_kept(proxied, kratos):
    session = kratos.session()
    kratos.fault(path="whoami", delay_ms=300, count=1)

    def eight_at_once():
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert {future.result().status for future in [pool.submit(forward_auth.ask, proxied, forward_auth.cookie(session)) for _ in range(8)]} == {200}

    assert forward_auth_outcomes(proxied, eight_at_once) == {"looked": 1, "kept": 7}


def test_a_proxy_that_leaves_is_counted_as_left(proxied, kratos):
    ask = "GET /session/token/app HTTP/1.1\r\nHost: x\r\nX-Request-Id: left\r\nX-Session-Token: %s\r\n\r\n" % kratos.session()["session_token"]
    kratos.fault(path="whoami", delay_ms=600, count=1)
    assert forward_auth_outcomes(proxied, lambda: send_and_leave(proxied, proxied.public, ask)) == {"left": 1}


def test_an_introspection_is_counted_by_what_was_said_of_the_token_at_both_endpoints(start, session):
    hydrant = start({"clients": introspect.CLIENTS})
    token, refresh = (hydrant.exchange(session).json[kind] for kind in ("access_token", "refresh_token"))

    def asked(act):
        return growth(hydrant, "hydrant_introspections_total", act, "outcome")

    assert asked(lambda: hydrant.introspect(token, introspect.API)) == {"active": 1}
    assert asked(lambda: hydrant.introspect(token, introspect.API, introspect.JWT)) == {"active": 1}
    assert asked(lambda: introspect.admin(hydrant, refresh)) == {"active": 1}
    assert asked(lambda: hydrant.introspect(token, introspect.SHOP)) == {"inactive": 1}
    assert asked(lambda: introspect.admin(hydrant, "garbage")) == {"inactive": 1}
    assert asked(lambda: hydrant.introspect(token, (introspect.API[0], "wrong"))) == {}  # nothing was said
