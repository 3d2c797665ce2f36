"""What ends when (docs/ending.md): /admin/grants, Kratos' hook, and `hydrant grants`. On every server at once: test_ending_at_once.py."""
import contextlib
import json
import time
import uuid

import pytest

from ending_parts import FILTERS, GRANTS, HOOK, KEY, delete, exchange_as, grants_path, hook, is_dead, listed, own_client, server, servers, token_for  # noqa: F401
from parts import claims_of
from terminal import run


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
