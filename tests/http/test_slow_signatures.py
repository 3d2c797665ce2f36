"""RSA signs beside the event loop, wherever a token or an answer is signed (docs/decisions/0015)."""
import socket

import pytest

from parts import EXCHANGE, KRATOS_SESSION, Hydrant, default_settings, form, header_of, merge, verify

RSA = ["RS256", "PS256"]
API = {"client_id": "https://api.example.com", "client_secret": "secret-of-the-api-with-32-letters"}
CLIENTS = [API] + [{"client_id": name.lower(), "token_endpoint_auth_method": "none", "scope": "api", "access_token": {"algorithm": name}} for name in ["ES256", *RSA]]


@pytest.fixture(scope="module")
def hydrant(kratos, fresh_dsn, migrated):
    """one worker, so that all share its loop; RS256 for whom says nothing"""
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {"clients": CLIENTS, "serve": {"workers": 1, "trusted_proxies": ["127.0.0.1"]}, "keys": {"algorithms": ["ES256", *RSA]},
        "access_token": {"algorithm": "RS256"}, "forward_auth": {"profiles": {"app": {"client": "rs256", "scope": "api"}}}}))
    yield server
    server.stop()


@pytest.mark.parametrize("algorithm", RSA)
def test_exchange_and_refresh_give_tokens_that_verify_and_answers_that_are_whole(hydrant, session, algorithm):
    client = algorithm.lower()
    said = hydrant.exchange(session, client=client).json
    for _ in range(3):
        assert header_of(said["access_token"])["alg"] == algorithm
        assert verify(said["access_token"], hydrant.jwks())["client_id"] == client
        assert said["token_type"] == "Bearer" and said["expires_in"] > 0 and said["scope"] == "api"
        said = hydrant.refresh(said["refresh_token"], client=client).json


def test_the_log_tells_how_long_it_took(hydrant, session):
    line = hydrant.line_of(hydrant.exchange(session, client="rs256"))
    assert line["outcome"] == "ok" and line["sign_us"] > 100, line


def test_rfc_9701_an_answer_of_introspection_is_signed_by_it_too(hydrant, session):
    token = hydrant.exchange(session, client="rs256").json["access_token"]
    answer = hydrant.introspect(token, client=(API["client_id"], API["client_secret"]), headers={"Accept": "application/token-introspection+jwt"})
    assert answer.status == 200 and answer.header("Content-Type") == "application/token-introspection+jwt", answer
    assert header_of(answer.body.decode())["alg"] == "RS256"


def test_forward_auth_hands_such_a_token_on(hydrant, session):
    answers = [hydrant.public.get("/session/token/app", {"X-Session-Token": session["session_token"]}) for _ in range(2)]
    assert [a.status for a in answers] == [200, 200], answers
    token = answers[0].header("Authorization").removeprefix("Bearer ")
    assert answers[1].header("Authorization") == "Bearer " + token
    assert verify(token, hydrant.jwks())["client_id"] == "rs256"


def test_many_at_once_are_each_answered_with_their_own(hydrant, kratos):
    sessions = [kratos.session() for _ in range(40)]
    sockets = []
    for session in sessions:
        body = form({"grant_type": EXCHANGE, "client_id": "rs256", "subject_token": session["session_token"], "subject_token_type": KRATOS_SESSION})
        s = socket.create_connection(("127.0.0.1", hydrant.public.port))
        s.sendall(("POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)).encode())
        sockets.append(s)
    for session, s in list(zip(sessions, sockets))[::2]:
        s.close()  # who leaves takes nobody's signature with it
    for session, s in list(zip(sessions, sockets))[1::2]:
        with s, s.makefile("rb") as f:
            head, _, body = f.read().decode().partition("\r\n\r\n")
        assert head.startswith("HTTP/1.1 200 "), head
        token = body.split('"access_token":"')[1].split('"')[0]
        assert verify(token, hydrant.jwks())["sid"] == session["session_id"]


def test_a_rotation_between_two_tokens_changes_the_key_and_both_verify(hydrant, session):
    first = hydrant.exchange(session, client="ps256").json["access_token"]
    assert hydrant.admin.post_json("/admin/keys/rotate", {"algorithm": "PS256", "force": True}).status == 200
    second = hydrant.exchange(session, client="ps256").json["access_token"]
    assert header_of(first)["kid"] != header_of(second)["kid"]
    for token in (first, second):
        verify(token, hydrant.jwks())


def test_an_exchange_that_can_not_be_signed_stores_no_grant(kratos, fresh_dsn, migrated, session):
    """storing one may end an older one of the session: who is told to come back would log himself out by coming back"""
    dsn, client = fresh_dsn(), {"client_id": "late", "token_endpoint_auth_method": "none", "scope": "api", "access_token": {"algorithm": "RS256"}}
    grants = "/admin/grants?session=" + session["session_id"]

    def start(algorithms):
        return Hydrant(merge(default_settings(kratos, dsn), {"keys": {"algorithms": algorithms}}))

    server = start(["ES256", "RS256"])
    try:
        assert server.admin.post_json("/admin/clients", client).status == 201
        assert server.exchange(session, client="late").status == 200
        before = server.admin.get(grants).json
    finally:
        server.stop()
    server = start(["ES256"])  # the client's record asks for more
    try:
        assert [server.exchange(session, client="late").status for _ in range(3)] == [503] * 3
        assert server.admin.get(grants).json == before and len(before) == 1
    finally:
        server.stop()
