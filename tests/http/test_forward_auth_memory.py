"""What forward-auth keeps between one question and the next, and who waits for another's look at Kratos: docs/forward-auth.md."""
import concurrent.futures
import socket
import threading
import time

from forward_auth_parts import PAGE, PROFILES, SETTINGS, TRAEFIK, ask, cookie, location, proxied, token_of, whoamis  # noqa: F401
from parts import claims_of, verify


def together(what, count, threads=32):
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return [f.result() for f in [pool.submit(what) for _ in range(count)]]


def test_many_requests_at_once_cost_kratos_one_whoami_and_get_one_token(proxied, kratos, session):
    kratos.fault(path="whoami", delay_ms=300)
    count, answers = whoamis(kratos, lambda: together(lambda: ask(proxied, cookie(session)), 300, 100))
    assert count == 1 and len({token_of(a) for a in answers}) == 1
    outcomes = {proxied.line_of(a)["outcome"] for a in answers[:20]}
    assert outcomes <= {"looked", "kept"}


def test_each_profile_and_each_credential_has_its_own(proxied, kratos, session):
    count, tokens = whoamis(kratos, lambda: {token_of(ask(proxied, cookie(session), "app")), token_of(ask(proxied, cookie(session), "plain")),
                                             token_of(ask(proxied, {"X-Session-Token": session["session_token"]}))})
    assert (count, len(tokens)) == (3, 3)


def test_who_waits_for_anothers_look_is_refused_as_he_is(proxied, kratos, session):
    kratos.do(session, "revoke")
    kratos.fault(path="whoami", delay_ms=200)
    count, answers = whoamis(kratos, lambda: together(lambda: ask(proxied, {**cookie(session), **PAGE, **TRAEFIK}), 40, 40))
    assert count == 2  # Kratos is asked twice before its 401 is believed
    assert {location(a)[1]["return_to"] for a in answers} == {"https://app.example.com/orders?id=1&x=%2F"}
    assert all(a.header("Location") for a in answers)


def test_who_waits_is_503_as_well_when_kratos_is_away(proxied, kratos, session):
    kratos.fault(path="whoami", delay_ms=200, status=502)
    answers = together(lambda: ask(proxied, cookie(session)), 40, 40)
    assert {a.status for a in answers} == {503} and all(a.header("Retry-After") for a in answers)


def test_who_waits_is_sent_to_the_second_factor_as_well(proxied, kratos, session):
    kratos.do(session, "require_aal2")
    kratos.fault(path="whoami", delay_ms=200)
    count, answers = whoamis(kratos, lambda: together(lambda: ask(proxied, cookie(session)), 40, 40))
    assert count == 1 and {a.status for a in answers} == {403} and all("aal2" in a.json["redirect_browser_to"] for a in answers)


def send(server, headers):
    """a request whose answer nobody waits for yet"""
    s = socket.create_connection(("127.0.0.1", server.public.port), timeout=10)
    s.sendall(("GET /session/token/app HTTP/1.1\r\nHost: x\r\n%s\r\n" % "".join("%s: %s\r\n" % h for h in headers.items())).encode())
    return s


def test_when_the_one_who_looks_leaves_the_next_one_looks(proxied, kratos, session):
    kratos.fault(path="whoami", delay_ms=600)
    first = send(proxied, cookie(session))
    time.sleep(0.15)
    others = [send(proxied, cookie(session)) for _ in range(12)]
    time.sleep(0.15)
    first.close()
    for s in others[:3]:
        s.close()  # and some of those who wait leave as well
    for s in others[3:]:
        assert s.recv(4096).startswith(b"HTTP/1.1 200"), "a waiter was left behind"
        s.close()


def test_a_token_is_kept_for_so_long_and_then_kratos_is_asked_again(start, kratos, session):
    server = start({**SETTINGS, "forward_auth": {"keep": "1s", "profiles": {"app": PROFILES["app"]}}})
    count, _ = whoamis(kratos, lambda: [token_of(ask(server, cookie(session))) for _ in range(5)])
    assert count == 1
    kratos.do(session, "revoke")
    assert ask(server, cookie(session)).status == 200
    time.sleep(1.1)
    assert ask(server, cookie(session)).status == 401


def test_keep_0_asks_each_time(start, kratos, session):
    server = start({**SETTINGS, "forward_auth": {"keep": "0s", "profiles": {"app": PROFILES["app"]}}})
    count, _ = whoamis(kratos, lambda: [token_of(ask(server, cookie(session))) for _ in range(3)])
    assert count == 3


def test_what_is_handed_out_is_good_for_a_while_yet(start, kratos):
    """a token of 3 s is kept for half of that"""
    server = start({**SETTINGS, "access_token": {"ttl": "3s"}, "forward_auth": {"profiles": {"app": PROFILES["app"]}}})
    session = kratos.session()
    end = time.monotonic() + 4
    while time.monotonic() < end:
        assert claims_of(token_of(ask(server, cookie(session))))["exp"] - time.time() > 0.4
        time.sleep(0.05)


def test_a_token_whose_key_was_revoked_is_not_handed_out_any_more(start, kratos, session, own_dsn):
    server = start({**SETTINGS, "dsn": own_dsn(), "forward_auth": {"profiles": {"app": PROFILES["app"]}}})
    first = token_of(ask(server, cookie(session)))
    verify(first, server.jwks())
    for key in server.jwks()["keys"]:
        assert server.admin.request("DELETE", "/admin/keys/" + key["kid"]).status in (200, 204)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        now = ask(server, cookie(session))
        if now.status == 200 and token_of(now) != first:
            break
        time.sleep(0.05)
    verify(token_of(now), server.jwks())


def test_a_drain_answers_who_waits(start, kratos, session):
    server = start({**SETTINGS, "forward_auth": {"profiles": {"app": PROFILES["app"]}}})
    kratos.fault(path="whoami", delay_ms=500)
    waiting = [send(server, cookie(session)) for _ in range(20)]
    time.sleep(0.2)
    stopper = threading.Thread(target=server.stop)
    stopper.start()
    for s in waiting:
        assert s.recv(4096).startswith(b"HTTP/1.1 200")
        s.close()
    stopper.join()
