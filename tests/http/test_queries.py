"""What a request costs the database, counted by pg_stat_statements (docs/refresh.md: the tag is checked before the database; a refresh is one statement)."""
import secrets
import time
import uuid

import pytest

from parts import unpadded

ROUNDS = 200
# counting; what expired is swept in the background; a new connection's setup; what other servers ended is read each second; old plans go
OWN_WORK = ("pg_stat_statements", "DELETE FROM grant_state", "set_config(", "name, at FROM endings", "DISCARD PLANS")
PLANS_KEPT_S = 10


@pytest.fixture(scope="module")
def hydrant(kratos, fresh_dsn, postgres):
    from parts import Hydrant, default_settings, merge
    postgres.ask("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {"refresh_token": {"coalesce": "0s"}, "kratos": {"session": {"revalidate_after": "1h"}}}))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def client(hydrant):
    """of the database, and remembered by every worker"""
    client_id = "counted-" + secrets.token_hex(4)
    assert hydrant.admin.post_json("/admin/clients", {"client_id": client_id, "token_endpoint_auth_method": "none", "scope": "api"}).status == 201
    return client_id


def calls(postgres):
    rows = postgres.ask("SELECT queryid, calls, translate(query, E'\\n\\t', '  ') FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())")
    return {(queryid, query): int(count) for queryid, count, query in rows if not any(word in query for word in OWN_WORK)}


def count(postgres, work):
    """the statements that work() costs: their texts with the number of calls"""
    before = calls(postgres)
    work()
    after = calls(postgres)
    return {query: number - before.get((queryid, query), 0) for (queryid, query), number in after.items() if number > before.get((queryid, query), 0)}


def warm(hydrant, client):
    for _ in range(8):  # both workers read the client's record
        hydrant.revoke("unknown", client=None, client_id=client)


def refused(hydrant, client, token):
    answer = hydrant.refresh(token, client=None, client_id=client)
    assert answer.status == 400 and answer.json["error"] == "invalid_grant", answer


def flipped(token, i):
    """a forgery: one letter of the token is another"""
    at = 4 + i % (len(token) - 5)
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]


@pytest.mark.parametrize("kind", ["garbage", "forged", "another client's"])
def test_a_token_that_is_not_ours_for_this_client_costs_no_query(hydrant, postgres, session, client, kind):
    own = hydrant.exchange(session, client=None, client_id=client).json["refresh_token"]
    other = hydrant.exchange(session, client="mobile").json["refresh_token"]
    tokens = {"garbage": lambda i: secrets.token_urlsafe(63), "forged": lambda i: flipped(own, i), "another client's": lambda i: other}[kind]
    assert count(postgres, lambda: [refused(hydrant, client, tokens(i)) for i in range(ROUNDS)]) == {}
    assert hydrant.refresh(own, client=None, client_id=client).status == 200 and hydrant.refresh(other, client="mobile").status == 200


def test_a_refresh_costs_one_statement(hydrant, postgres, session, client):
    token = hydrant.exchange(session, client=None, client_id=client).json["refresh_token"]

    def work():
        nonlocal token
        for _ in range(ROUNDS):
            token = hydrant.refresh(token, client=None, client_id=client).json["refresh_token"]

    warm(hydrant, client)
    cost = count(postgres, work)
    rotations = {query: number for query, number in cost.items() if "UPDATE grant_state" in query}
    assert list(rotations.values()) == [ROUNDS], cost
    rest = {query: number for query, number in cost.items() if query not in rotations}
    assert all("FROM clients" in query for query in rest) and sum(rest.values()) < ROUNDS / 10, rest  # its record is read again when it is 5 s old


def plans_thrown_away(postgres):
    return sum(int(calls) for calls, in postgres.ask("SELECT calls FROM pg_stat_statements WHERE query = 'DISCARD PLANS'"))


def test_plans_are_thrown_away_after_ten_seconds_since_tables_grow(hydrant, postgres, session):
    token, before = hydrant.exchange(session).json["refresh_token"], plans_thrown_away(postgres)
    end = time.monotonic() + PLANS_KEPT_S + 1
    while time.monotonic() < end:
        token = hydrant.refresh(token).json["refresh_token"]
        time.sleep(0.1)
    thrown = plans_thrown_away(postgres) - before
    assert 1 <= thrown <= 2 * 2 * 3, thrown  # of each connection that was used, once or twice


def row(postgres, token):
    """where the grant's hot row stands and who wrote it"""
    return postgres.ask("SELECT ctid, xmin FROM grant_state WHERE grant_id = '%s'" % uuid.UUID(bytes=unpadded(token[4:])[2:18]))


def test_a_retry_costs_two_statements_and_writes_nothing(hydrant, postgres, session):
    token = hydrant.exchange(session).json["refresh_token"]
    successor = hydrant.refresh(token).json["refresh_token"]
    before = row(postgres, token)

    def work():
        for _ in range(ROUNDS):
            assert hydrant.refresh(token).json["refresh_token"] == successor

    cost = count(postgres, work)  # one that rotates nothing, one that reads
    assert list(cost.values()) == [ROUNDS, ROUNDS] and sum("UPDATE grant_state" in query for query in cost) == 1, cost
    assert row(postgres, token) == before and len(before) == 1


def test_documents_health_alive_and_refusals_cost_no_query(hydrant, postgres, session):
    def work():
        for _ in range(20):
            for path in ("/.well-known/jwks.json", "/.well-known/oauth-authorization-server", "/health/alive", "/version", "/nothing"):
                hydrant.public.get(path)
            hydrant.exchange(session, scope="admin")
            hydrant.exchange({"session_token": "a b"})
            hydrant.revoke("unknown")

    assert count(postgres, work) == {}
