"""An end reaches every server at once, and no exchange slips past it (docs/ending.md)."""
import threading
import time

import pytest

from ending_parts import FILTERS, GRANTS, delete, exchange_as, grants_path, hook, is_dead, listed, other, own_client, server, servers, token_for  # noqa: F401

NEWS_LATE_S = 2  # storage.h, ENDING_NEWS_LATE_MS


@pytest.fixture(scope="module")
def apart(on_postgres):
    if not on_postgres:
        pytest.skip("one process has no other one beside it")


# ---- on every server at once ----

@pytest.mark.parametrize("end", ["grant", "session", "subject", "client", "hook"])
def test_what_ends_on_one_server_is_dead_on_the_other_at_once(server, other, kratos, end):
    client_id, session = own_client(server), kratos.session()
    token = exchange_as(other, session, client_id).json["refresh_token"]
    assert other.refresh(token, client=None, client_id=client_id).status == 200
    grant, = listed(server, client=client_id)
    paths = {"grant": GRANTS + "/" + grant["grant_id"], "session": grants_path(session=session["session_id"]), "subject": grants_path(subject=session["identity_id"]), "client": grants_path(client=client_id)}
    assert (hook(server, {"session_id": session["session_id"]}).json["revoked"] if end == "hook" else delete(server, paths[end])) == 1
    answer = other.refresh(token, client=None, client_id=client_id)
    assert answer.status == 400 and answer.json["error"] == "invalid_grant", answer


def forgotten_after(server, client_id, session):
    """how long until a server no longer knows a client, in s"""
    began = time.monotonic()
    while exchange_as(server, session, client_id).status == 200:
        assert time.monotonic() - began < 10, "never"
        time.sleep(0.01)
    return time.monotonic() - began


def known_client(server, other, session):
    client_id = own_client(server)
    for _ in range(12):  # by each of its workers
        assert exchange_as(other, session, client_id).status == 200
    return client_id


def test_a_client_that_is_deleted_is_forgotten_by_every_server_at_once(server, other, session):
    for _ in range(3):
        client_id = known_client(server, other, session)
        assert server.admin.request("DELETE", "/admin/clients/" + client_id).status == 204
        assert forgotten_after(other, client_id, session) < 1
        time.sleep(0.1)
        for _ in range(12):
            assert exchange_as(other, session, client_id).json["error"] == "invalid_client"


def test_the_news_arrive_though_the_listening_connection_was_cut(apart, server, other, session, postgres):
    for _ in range(3):
        client_id = known_client(server, other, session)
        cut = postgres.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name <> 'psql' AND pid <> pg_backend_pid() AND backend_type = 'client backend'")
        assert len(cut) > 2
        deadline = time.monotonic() + 10
        while server.admin.request("DELETE", "/admin/clients/" + client_id).status == 503:
            assert time.monotonic() < deadline
        assert forgotten_after(other, client_id, session) < NEWS_LATE_S


def test_the_news_arrive_where_nothing_can_listen(apart, kratos, fresh_dsn, start, session):
    """as behind a PgBouncer in transaction mode"""
    both = [start({"postgres": {"prepared_statements": False}}) for _ in range(2)]
    client_id = known_client(both[0], both[1], session)
    assert both[0].admin.request("DELETE", "/admin/clients/" + client_id).status == 204
    assert forgotten_after(both[1], client_id, session) < NEWS_LATE_S


# ---- exchanges and revocations at once ----

@pytest.mark.parametrize("end", ["session", "subject", "hook"])
def test_an_exchange_whose_look_at_kratos_began_before_the_end_makes_no_grant(server, other, kratos, end):
    """Kratos has said that the session lives, or is about to; the end comes before its answer"""
    session = kratos.session()
    kratos.fault(path="whoami", delay_ms=500, count=-1)
    answers = []
    exchange = threading.Thread(target=lambda: answers.append(other.exchange(session, client="mobile")))
    exchange.start()
    time.sleep(0.2)
    if end == "hook":
        assert hook(server, {"identity_id": session["identity_id"]}).json == {"revoked": 0}
    else:
        assert delete(server, grants_path(**{end: session[FILTERS[end]]})) == 0
    exchange.join()
    answer, = answers
    assert answer.status == 400 and answer.json["error"] == "invalid_request", answer
    assert [grant for grant in listed(server, session=session["session_id"]) if grant["state"] == "live"] == []
    kratos.no_faults()
    time.sleep(0.1)
    assert not is_dead(server, token_for(other, session))


def test_exchanges_that_race_a_revocation_leave_no_grant_from_before_it(server, other, kratos):
    """each exchange on either server either ended before the end was answered, and is dead; or began after it was asked for"""
    session = kratos.session()
    kratos.fault(path="whoami", delay_ms=40, count=-1)  # most of them are looking when it comes
    for _ in range(5):
        results, stop = [], threading.Event()

        def exchange(at):
            while not stop.is_set():
                began = time.monotonic()
                answer = at.exchange(session, client="mobile")
                results.append((began, answer))

        threads = [threading.Thread(target=exchange, args=(at,)) for at in (server, other, server, other)]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        asked = time.monotonic()
        delete(other, grants_path(session=session["session_id"]))
        answered = time.monotonic()
        time.sleep(0.2)
        stop.set()
        for thread in threads:
            thread.join()
        tokens = [(began, answer.json["refresh_token"]) for began, answer in results if answer.status == 200]
        before = [token for began, token in tokens if began < asked - 0.005]  # what began in between may be on either side
        after = [token for began, token in tokens if began > answered]
        assert before and after and {answer.status for _, answer in results} <= {200, 400}
        assert all(is_dead(server, token) for token in before)
        assert not is_dead(other, after[-1])
