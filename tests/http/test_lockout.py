"""Protection against guessing (RFC 6749 2.3.1): ten wrong secrets in a minute for one client from one network close that pair for the rest of the minute."""
import pytest

from parts import EXCHANGE, KRATOS_SESSION, Hydrant, basic, default_settings, form, merge

METHODS = {"a-basic": "client_secret_basic", "b-basic": "client_secret_basic", "c-basic": "client_secret_basic", "d-basic": "client_secret_basic", "e-basic": "client_secret_basic",
           "f-basic": "client_secret_basic", "g-post": "client_secret_post", "public": "none"}
SECRET = "a-secret-of-more-than-32-characters"
CLIENTS = [{"client_id": name, "token_endpoint_auth_method": method, "scope": "api", **({} if method == "none" else {"client_secret": SECRET})} for name, method in METHODS.items()]


@pytest.fixture(scope="module")
def hydrant(kratos, fresh_dsn, migrated):
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {"clients": CLIENTS, "serve": {"trusted_proxies": ["127.0.0.1"]}}))
    yield server
    server.stop()


def ask(hydrant, session, client, secret, peer="198.51.100.7", path="/oauth2/token"):
    pairs = {"grant_type": EXCHANGE, "subject_token": session["session_token"], "subject_token_type": KRATOS_SESSION, "token": "x"}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": peer}
    if METHODS[client] == "client_secret_basic":
        headers["Authorization"] = basic(client, secret)
    else:
        pairs["client_id"] = client
    if METHODS[client] == "client_secret_post":
        pairs["client_secret"] = secret
    return hydrant.public.request("POST", path, form(pairs), headers)


def guess_ten_times(hydrant, session, client, peer="198.51.100.7", path="/oauth2/token"):
    for _ in range(10):
        assert ask(hydrant, session, client, "wrong-secret", peer, path).status == 401


def test_after_ten_wrong_secrets_even_the_right_one_waits(hydrant, session):
    guess_ten_times(hydrant, session, "a-basic")
    answer = ask(hydrant, session, "a-basic", SECRET)
    assert answer.status == 429 and answer.json["error"] == "invalid_client", answer
    assert 1 <= int(answer.header("Retry-After")) <= 60
    assert answer.header("Cache-Control") == "no-store"


def test_nine_wrong_secrets_close_nothing(hydrant, session):
    for _ in range(9):
        assert ask(hydrant, session, "b-basic", "wrong-secret").status == 401
    assert ask(hydrant, session, "b-basic", SECRET).status == 200


@pytest.mark.parametrize("peer, status", [("198.51.100.200", 429), ("198.51.101.7", 200), ("203.0.113.5", 200), ("2001:db8::1", 200), ("203.0.113.9, 198.51.100.9", 429), ("198.51.100.7, 203.0.113.9", 200)],
                         ids=["same /24", "the next /24", "far away", "IPv6", "behind two hops, the nearest counts", "who only says so of himself"])
def test_a_stranger_cannot_lock_a_client_out(hydrant, session, peer, status):
    if ask(hydrant, session, "c-basic", SECRET).status != 429:
        guess_ten_times(hydrant, session, "c-basic")
    assert ask(hydrant, session, "c-basic", SECRET, peer).status == status


@pytest.mark.parametrize("peer, status", [("2001:db8:1:2::1", 429), ("2001:db8:1:2:ffff::9", 429), ("2001:db8:1:3::1", 200)], ids=["the same", "same /64", "the next /64"])
def test_of_ipv6_a_64_is_one_network(hydrant, session, peer, status):
    if ask(hydrant, session, "d-basic", SECRET, "2001:db8:1:2::1").status != 429:
        guess_ten_times(hydrant, session, "d-basic", "2001:db8:1:2::1")
    assert ask(hydrant, session, "d-basic", SECRET, peer).status == status


def test_other_clients_of_the_network_go_on(hydrant, session):
    guess_ten_times(hydrant, session, "e-basic", "192.0.2.1")
    assert ask(hydrant, session, "e-basic", SECRET, "192.0.2.1").status == 429
    assert ask(hydrant, session, "f-basic", SECRET, "192.0.2.1").status == 200
    assert ask(hydrant, session, "public", None, "192.0.2.1").status == 200


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/revoke"])
def test_each_endpoint_that_takes_a_secret_counts_and_waits(hydrant, session, path):
    peer = {"/oauth2/token": "192.0.2.7", "/oauth2/revoke": "203.0.113.7"}[path]
    guess_ten_times(hydrant, session, "g-post", peer, path)
    assert [ask(hydrant, session, "g-post", SECRET, peer, p).status for p in ("/oauth2/token", "/oauth2/revoke")] == [429, 429]


def test_the_closing_is_told_once_with_client_and_network_and_without_a_secret(hydrant, session):
    before = len(hydrant.log_lines("client_locked"))
    guess_ten_times(hydrant, session, "f-basic", "203.0.113.77")
    for _ in range(3):
        answer = ask(hydrant, session, "f-basic", "wrong-secret", "203.0.113.77")
        assert answer.status == 429
    hydrant.line_of(answer)
    lines = hydrant.log_lines("client_locked")[before:]
    assert len(lines) == 1 and lines[0]["client"] == "f-basic" and lines[0]["peer"] == "203.0.113.77" and lines[0]["level"] == "warn"
    assert SECRET not in hydrant.log and "wrong-secret" not in hydrant.log


def test_who_is_no_trusted_proxy_cannot_choose_his_network(start, session):
    hydrant = start({"clients": CLIENTS})
    for i in range(10):
        assert ask(hydrant, session, "a-basic", "wrong-secret", "203.0.%d.1" % i).status == 401
    assert ask(hydrant, session, "a-basic", SECRET, "198.18.0.1").status == 429
    assert len(hydrant.log_lines("forwarded_for_ignored")) == 1
