"""docs/keys.md, After a leak: the steps in their order, with a server that stops and starts; and that the order matters."""
import secrets

import pytest

from parts import verify


def secret():
    return secrets.token_urlsafe(32)


@pytest.fixture
def restart(start, own_dsn):
    """a function: the server of before stops, and one with these secrets starts on the same database"""
    dsn, running = own_dsn(), []

    def run(*system, **options):
        if running:
            running.pop().stop()
        running.append(start({"dsn": dsn, "secrets": {"system": list(system)}}, **options))
        return running[-1]
    return run


def fresh(server):
    answer = server.admin.request("POST", "/admin/keys/rotate", b'{"fresh":true}', {"Content-Type": "application/json"})
    assert answer.status == 200, answer.body


def sealed_under(server):
    return {key["sealed_under_secret"] for key in server.admin.get("/admin/keys").json["keys"] if key["state"] in ("pending", "active")}


def test_the_steps_after_a_leak_of_the_secret_and_the_database(restart, session):
    old, new = secret(), secret()
    server = restart(old)
    before = server.exchange(session).json
    stolen = server.jwks()
    server = restart(new, old)
    verify(before["access_token"], server.jwks())  # until here the stolen keys are as good as ever
    fresh(server)
    assert not {key["kid"] for key in server.jwks()["keys"]} & {key["kid"] for key in stolen["keys"]}
    after = server.refresh(before["refresh_token"]).json
    verify(after["access_token"], server.jwks())
    assert sealed_under(server) == {"first"} and server.admin.request("POST", "/admin/keys/reseal").json == {"resealed": 0}
    untouched = server.exchange(session).json["refresh_token"]
    server = restart(new)
    assert server.refresh(untouched).status == 200 and server.refresh(after["refresh_token"]).status == 200  # made since the new secret is first
    assert server.refresh(before["refresh_token"]).json["error"] == "invalid_grant"
    assert server.exchange(session).status == 200


def test_a_grant_that_did_not_move_over_ends_as_the_old_secret_goes(restart, session):
    old, new = secret(), secret()
    token = restart(old).exchange(session).json["refresh_token"]
    fresh(restart(new, old))
    server = restart(new)
    assert server.refresh(token).json["error"] == "invalid_grant" and server.exchange(session).status == 200


def test_fresh_keys_before_the_new_secret_is_first_are_sealed_under_the_leaked_one(restart, session):
    old, new = secret(), secret()
    for listed in ((old,), (old, new)):
        fresh(restart(*listed))
    server = restart(new, old)
    assert sealed_under(server) == {"another"}
    server = restart(new, wait=False)
    assert server.child.wait(30) == 1 and "sealed under" in server.log
