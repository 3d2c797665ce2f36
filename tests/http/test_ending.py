"""What ends when (docs/ending.md): /admin/grants, Kratos' hook, and that an end reaches every server at once."""
import contextlib
import json
import secrets
import threading
import time
import urllib.parse
import uuid

import pytest

from parts import EXCHANGE, Hydrant, claims_of, default_settings, free_port, merge
from terminal import run

GRANTS, HOOK = "/admin/grants", "/hooks/kratos/revoke"
KEY = "Bearer a-hook-key-of-visible-characters"
NEWS_LATE_S = 2  # storage.h, ENDING_NEWS_LATE_MS
FILTERS = {"session": "session_id", "subject": "identity_id", "client": None}


def settings_of(kratos, fresh_dsn, **changes):
    return merge(default_settings(kratos, fresh_dsn()), {"kratos": {"hook_api_key": KEY}, **changes})


@pytest.fixture(scope="module")
def servers(kratos, fresh_dsn, migrated, on_postgres):
    """on Postgres two on one database, else one"""
    settings = settings_of(kratos, fresh_dsn)
    running = [Hydrant(settings)]
    if on_postgres:
        serve = {**settings["serve"], "public": {"host": "127.0.0.1", "port": free_port()}, "admin": {"host": "127.0.0.1", "port": free_port()}}
        running.append(Hydrant({**settings, "serve": serve}))
    yield running
    for server in running:
        server.stop()


@pytest.fixture(scope="module")
def server(servers):
    return servers[0]


@pytest.fixture(scope="module")
def other(servers):
    return servers[-1]


@pytest.fixture(scope="module")
def apart(on_postgres):
    if not on_postgres:
        pytest.skip("one process has no other one beside it")


def grants_path(**query):
    return GRANTS + "?" + urllib.parse.urlencode(query)


def listed(server, **query):
    answer = server.admin.get(grants_path(**query))
    assert answer.status == 200, answer
    return answer.json


def delete(server, path):
    answer = server.admin.request("DELETE", path)
    assert answer.status == 200, answer
    return answer.json["revoked"]


def hook(server, body, authorization=KEY):
    headers = {"Content-Type": "application/json", **({} if authorization is None else {"Authorization": authorization})}
    return server.admin.request("POST", HOOK, body if isinstance(body, (str, bytes)) else json.dumps(body), headers)


def token_for(server, session, client="mobile"):
    answer = server.exchange(session, client=client)
    assert answer.status == 200, answer
    return answer.json["refresh_token"]


def is_dead(server, token, client="mobile"):
    answer = server.refresh(token, client=client)
    assert answer.status == 200 or (answer.status == 400 and answer.json["error"] == "invalid_grant"), answer
    return answer.status == 400


def own_client(server, **record):
    answer = server.admin.post_json("/admin/clients", {"token_endpoint_auth_method": "none", "scope": "api", **record})
    assert answer.status == 201, answer
    return answer.json["client_id"]


def exchange_as(server, session, client_id):
    return server.exchange(session, client=None, client_id=client_id)


# ---- the list ----

def test_a_grant_is_listed_with_what_it_is_for_and_no_secret(server, session):
    answer = server.exchange(session, client="mobile").json
    grant, = listed(server, session=session["session_id"])
    assert uuid.UUID(grant["grant_id"]).hex and claims_of(answer["access_token"])["jti"].startswith(grant["grant_id"])
    assert (grant["state"], grant["client_id"], grant["session_id"]) == ("live", "mobile", session["session_id"])
    assert grant["identity_id"] == grant["subject"] == session["identity_id"]
    assert grant["scope"] == "api read write" and grant["audience"] == ["https://api.example.com"] and grant["acr"] == "aal1"
    assert grant["created_at"] == grant["rotated_at"] < grant["idle_expires_at"] < grant["expires_at"]
    assert grant["revoked_at"] is None and grant["revoked_because"] is None
    text = json.dumps(grant)
    assert answer["refresh_token"] not in text and "email" not in text and "@" not in text and "hash" not in text


def test_a_refresh_shows_as_the_last_rotation_and_an_end_with_its_reason(server, session):
    token = token_for(server, session)
    time.sleep(0.01)
    server.refresh(token, client="mobile")
    grant, = listed(server, session=session["session_id"])
    assert grant["rotated_at"] > grant["created_at"]
    server.revoke(token, client="mobile")
    grant, = listed(server, session=session["session_id"])
    assert (grant["state"], grant["revoked_because"]) == ("revoked", "revoked_by_client") and grant["revoked_at"] >= grant["rotated_at"]


def test_a_grant_past_its_end_is_expired(start, session):
    server = start({"refresh_token": {"absolute_ttl": "1s"}})
    token_for(server, session)
    time.sleep(1.1)
    assert [grant["state"] for grant in listed(server, session=session["session_id"])] == ["expired"]


@pytest.mark.parametrize("whose", list(FILTERS))
def test_rfc_8288_a_list_is_one_session_s_one_subject_s_or_one_client_s_in_pages(server, kratos, whose):
    client_id, session = own_client(server), kratos.session()
    sessions = [session] * 5 if whose != "client" else [kratos.session() for _ in range(5)]
    made = {claims_of(exchange_as(server, each, client_id).json["access_token"])["jti"][:36] for each in sessions}
    exchange_as(server, kratos.session(), own_client(server))
    name = client_id if whose == "client" else session[FILTERS[whose]]
    path, seen, sizes = grants_path(**{whose: name, "page_size": 2}), [], []
    while path is not None:
        answer = server.admin.get(path)
        assert answer.status == 200 and answer.header("Cache-Control") == "no-store"
        seen += [grant["grant_id"] for grant in answer.json]
        sizes.append(len(answer.json))
        link = answer.header("Link")
        path = None if link is None else link[1:link.index(">")]
        assert link is None or link.startswith("<" + GRANTS) and link.endswith('>; rel="next"')
    assert sizes == [2, 2, 1] and len(seen) == 5 and set(seen) == made


def test_who_has_no_grants_has_an_empty_list(server):
    assert listed(server, subject=str(uuid.uuid4())) == [] == listed(server, client="nobody") == listed(server, session="x' OR '1'='1")


@pytest.mark.parametrize("query", ["", "?", "?sesion=a", "?session=", "?subject=&", "?session", "?session=%zz", "?session=%00", "?session=%ff", "?subject=a&client=b", "?session=a&session=a",
                                   "?session=a&subject=", "?client=" + "x" * 513])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_request_that_does_not_say_whose_means_nobody_s(server, kratos, method, query):
    token = token_for(server, kratos.session())
    answer = server.admin.request(method, GRANTS + query)
    assert answer.status == 400 and answer.json["error"] == "invalid_request" and "exactly one of session, subject and client" in answer.json["error_description"], answer
    assert not is_dead(server, token)


@pytest.mark.parametrize("page", ["page_size=0", "page_size=501", "page_size=x", "page_token=x", "page_token=AAAAAAAAAAAAAAAAAAAAAA%3D%3D", "page_token=AAAAAAAAAAAAAAAAAAAAAAAA"])
def test_a_page_that_can_not_be_is_refused(server, page):
    answer = server.admin.get(GRANTS + "?client=spa&" + page)
    assert answer.status == 400 and "page_size must be from 1 to 500" in answer.json["error_description"]


# ---- ending by hand ----

def test_one_grant_is_ended_by_its_id_and_its_neighbour_is_not(server, session):
    tokens = [token_for(server, session) for _ in range(2)]
    ids = [grant["grant_id"] for grant in listed(server, session=session["session_id"])]
    answer = server.admin.request("DELETE", GRANTS + "/" + ids[0])
    assert answer.status == 200 and answer.json == {"revoked": 1}
    assert delete(server, GRANTS + "/" + ids[0]) == 0 and delete(server, GRANTS + "/" + str(uuid.uuid4())) == 0
    assert sorted(is_dead(server, token) for token in tokens) == [False, True]
    because = [grant["revoked_because"] for grant in listed(server, session=session["session_id"]) if grant["state"] == "revoked"]
    assert because == ["revoked_by_admin"]
    assert server.line_of(answer)["outcome"] == "revoked"
    line, = [line for line in server.log_lines("grants_revoked") if line["id"] == answer.header("X-Request-Id")]
    assert (line["by"], line["name"], line["count"], line["because"]) == ("grant", ids[0], 1, "revoked_by_admin")


@pytest.mark.parametrize("id", ["x", "*", "all", "%2e%2e", "00000000-0000-0000-0000-00000000000", "00000000-0000-0000-0000-0000000000000"])
def test_what_is_no_grant_s_id_is_refused(server, id):
    answer = server.admin.request("DELETE", GRANTS + "/" + id)
    assert answer.status == 400 and "uuid" in answer.json["error_description"]


@pytest.mark.parametrize("whose", list(FILTERS))
def test_all_of_one_are_ended_and_no_others(server, kratos, whose):
    client_id, session = own_client(server), kratos.session()
    tokens = [exchange_as(server, session, client_id).json["refresh_token"] for _ in range(3)]
    stranger = token_for(server, kratos.session())
    path = grants_path(**{whose: client_id if whose == "client" else session[FILTERS[whose]]})
    assert delete(server, path) == 3 and delete(server, path) == 0
    for token in tokens:
        assert server.refresh(token, client=None, client_id=client_id).json["error"] == "invalid_grant"
    assert not is_dead(server, stranger)


def test_grants_that_outlive_their_session_end_too_when_the_order_names_them(server, session):
    token = server.exchange(session, client="backend", scope="api offline_access").json["refresh_token"]
    assert delete(server, grants_path(session=session["session_id"])) == 1
    assert is_dead(server, token, client="backend")


def test_a_person_whose_session_lives_on_in_kratos_exchanges_it_anew(server, session):
    token_for(server, session)
    assert delete(server, grants_path(session=session["session_id"])) == 1
    time.sleep(0.1)  # a look that may have begun before the end counts as if it had: by the milliseconds that messages take
    assert not is_dead(server, token_for(server, session))


@pytest.mark.parametrize("path, allowed", [(GRANTS, {"GET", "HEAD", "DELETE"}), (GRANTS + "/x", {"DELETE"}), (HOOK, {"POST"})])
def test_other_methods_are_405(server, path, allowed):
    answer = server.admin.request("PROPFIND", path)
    assert answer.status == 405 and set(answer.header("Allow").split(", ")) == allowed


# ---- Kratos' hook ----

@pytest.mark.parametrize("names", [("session_id",), ("identity_id",), ("session_id", "identity_id")])
def test_the_hook_ends_a_session_s_or_a_person_s_grants(server, kratos, names):
    session = kratos.session()
    tokens = [token_for(server, session) for _ in range(2)]
    stranger = token_for(server, kratos.session())
    body = {name: session[name] for name in names}
    answer = hook(server, body)
    assert answer.status == 200 and answer.json == {"revoked": 2} and answer.header("Cache-Control") == "no-store"
    again = hook(server, body)
    assert again.status == 200 and again.json == {"revoked": 0}
    assert all(is_dead(server, token) for token in tokens) and not is_dead(server, stranger)
    assert {grant["revoked_because"] for grant in listed(server, session=session["session_id"])} == {"revoked_by_kratos"}
    assert server.line_of(answer)["outcome"] == "revoked" and server.line_of(again)["outcome"] == "nothing_to_revoke"


def test_the_hook_takes_ids_in_capitals_nulls_and_what_else_kratos_sends(server, session):
    token = token_for(server, session)
    answer = hook(server, {"session_id": None, "identity_id": session["identity_id"].upper(), "flow": {"id": "x"}, "why": ["settings"]})
    assert answer.json == {"revoked": 1} and is_dead(server, token)


@pytest.mark.parametrize("authorization", [None, "", "Bearer", KEY[:-1], KEY + "x", KEY.lower(), KEY[len("Bearer "):], "Basic " + KEY[len("Bearer "):], "Bearer  " + KEY[len("Bearer "):]])
def test_without_its_key_the_hook_does_nothing(server, session, authorization):
    token = token_for(server, session)
    answer = hook(server, {"session_id": session["session_id"]}, authorization)
    assert answer.status == 401 and answer.json["error"] == "access_denied" and answer.header("WWW-Authenticate") == "Bearer"
    assert KEY not in answer.body.decode() and not is_dead(server, token)


def test_the_key_twice_is_no_key(server, session):
    answer = server.admin.request("POST", HOOK, json.dumps({"session_id": session["session_id"]}), [("Authorization", KEY), ("Authorization", KEY)])
    assert answer.status == 401


def test_the_hook_s_key_is_never_in_the_log(server):
    for key in (KEY, KEY + "-guessed"):
        server.line_of(hook(server, {"identity_id": str(uuid.uuid4())}, key))
    assert KEY not in server.log and KEY[len("Bearer "):] not in server.log


ID = "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize("body", ["", "x", "null", "[]", '"%s"' % ID, "{", "{}", '{"session_id":null}', '{"identity_id":""}', '{"identity_id":7}', '{"identity_id":["%s"]}' % ID, '{"identity_id":{"id":"%s"}}' % ID,
                                  '{"session_id":"%s","identity_id":"x"}' % ID, '{"identity_id":"%s "}' % ID, '{"identity_id":"{%s}"}' % ID, '{"identity_id":"%s","identity_id":"%s"}' % (ID, ID),
                                  '{"subject":"%s"}' % ID, '{"identity_id":"%s"}{}' % ID, b'{"identity_id":"\xff"}', '{"identity_id":"%s","x":"%s"}' % (ID, "y" * 20000), "[" * 3000])
def test_a_body_that_names_nobody_is_400_and_ends_nothing(server, session, body):
    token = token_for(server, session)
    answer = hook(server, body)
    assert answer.status == 400 and answer.json["error"] == "invalid_request" and answer.json["error_description"], answer
    assert not is_dead(server, token)


def test_a_body_of_10_mb_is_413(server):
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        assert hook(server, "{" + " " * 10_000_000).status == 413


def test_without_a_key_in_the_settings_there_is_no_hook(hydrant):
    assert hook(hydrant, {"identity_id": ID}).status == 404


def test_the_admin_s_token_opens_no_hook_and_the_hook_s_key_nothing_else(start):
    token = "an-admin-token-of-more-than-32-characters"
    server = start({"serve": {"admin": {"token": token}}, "kratos": {"hook_api_key": KEY}})
    assert hook(server, {"identity_id": ID}).status == 200 and hook(server, {"identity_id": ID}, "Bearer " + token).status == 401
    assert server.admin.get(GRANTS + "?client=spa", {"Authorization": KEY}).status == 401


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


# ---- the commands ----

def grants(server, *words):
    return run("grants", *words, "--endpoint", "http://127.0.0.1:%d" % server.admin.port)


def test_the_command_lists_a_session_s_grants(server, session):
    for _ in range(2):
        token_for(server, session)
    found = listed(server, session=session["session_id"])
    done = grants(server, "list", "--session", session["session_id"])
    assert done.code == 0 and done.err == ""
    lines = done.out.splitlines()
    assert lines[0].split()[:5] == ["GRANT", "STATE", "CLIENT", "SUBJECT", "SESSION"] and len(lines) == 3
    assert {line.split()[0] for line in lines[1:]} == {grant["grant_id"] for grant in found} and all("live" in line and "mobile" in line for line in lines[1:])
    assert json.loads(grants(server, "list", "--session", session["session_id"], "--format", "json").out) == found


def test_the_command_follows_the_pages(server, kratos):
    client_id = own_client(server)
    for _ in range(7):
        session = kratos.session()
        for _ in range(15):
            exchange_as(server, session, client_id)
    done = grants(server, "list", "--client", client_id, "--format", "json")
    assert done.code == 0 and len({grant["grant_id"] for grant in json.loads(done.out)}) == 105
    assert len(grants(server, "list", "--client", client_id).out.splitlines()) == 106


def test_a_list_of_nobody_is_a_heading_or_an_empty_array(server):
    assert grants(server, "list", "--subject", ID).out.startswith("GRANT") and grants(server, "list", "--subject", ID, "--format", "json").out == "[]\n"


def test_the_command_revokes_one_or_all(server, session):
    tokens = [token_for(server, session) for _ in range(3)]
    first = listed(server, session=session["session_id"])[0]["grant_id"]
    done = grants(server, "revoke", first)
    assert done.code == 0 and done.out.startswith("revoked 1 grant;") and done.err == ""
    assert grants(server, "revoke", first).out == "nothing revoked: no such grant was live.\n"
    assert grants(server, "revoke", "--subject", session["identity_id"]).out.startswith("revoked 2 grants;")
    assert grants(server, "revoke", "--session=" + session["session_id"], "--format", "json").out == '{"revoked":0}\n'
    assert all(is_dead(server, token) for token in tokens)


def test_a_refusal_is_1_and_says_why(server):
    done = grants(server, "revoke", "no-uuid")
    assert done.code == 1 and done.out == "" and "A grant's id is a uuid" in done.err


@pytest.mark.parametrize("words, says", [
    (["list"], "--session, --subject and --client"), (["list", "--session", "a", "--client", "b"], "whose?"), (["list", "x"], "what is x?"),
    (["revoke"], "which?"), (["revoke", "a", "b"], "which?"), (["revoke", "a", "--client", "b"], "which?"), (["revoke", "--client", "a", "--subject", "b"], "which?"), (["revoke", "--all"], "unknown option --all"),
])
def test_wrong_use_is_2(words, says):
    done = run("grants", *words)
    assert done.code == 2 and done.out == "" and says in done.err and "See: hydrant help grants" in done.err
