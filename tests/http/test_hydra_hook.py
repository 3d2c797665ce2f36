"""Hydra's token hook (docs/hydra-hook.md), with what a real Hydra sent to its hook (tests/data/hydra)."""
import json
import os
import threading
import time
import uuid

import pytest

from parts import ROOT, Hydrant, default_settings, merge
from terminal import run

KEY = "Bearer 3f9c1a7e5b2d8846"
HOOK = {
    "enabled": True, "api_key": KEY,
    "access_token": {"claims": {"email": ".identity.traits.email", "n": ".identity.metadata_public.n", "first": ".identity.traits.name.first",
                                "grant": "$hydra.request.payload.grant_type[0] // \"legacy\"", "aal": ".authenticator_assurance_level"}},
    "id_token": {"claims": {"name": ".identity.traits.name | \"\\(.first) \\(.last)\""}},
    "kratos_session": ".session.extra.kratos_session_id",
}


def recording(name):
    with open(os.path.join(ROOT, "tests", "data", "hydra", name + ".json"), encoding="utf-8") as f:
        return json.loads(json.load(f)["body"])


def of(session, name="refresh", **extra):
    """what Hydra would send for this person; extra: claims of the access token that came"""
    payload = recording(name)
    payload["session"]["id_token"]["subject"] = session["identity_id"]
    payload["session"]["id_token"]["id_token_claims"]["sub"] = session["identity_id"]
    if extra:
        payload["session"]["extra"] = {**(payload["session"]["extra"] or {}), **extra}
    return payload


def tied(session, name="refresh", **extra):
    return of(session, name, kratos_session_id=session["session_id"], **extra)


def hook(server, payload, headers=None):
    body = payload if isinstance(payload, (str, bytes)) else json.dumps(payload)
    usual = {"Authorization": KEY, "Content-Type": "application/json; charset=UTF-8"}
    return server.admin.request("POST", "/hooks/hydra/token", body, usual if headers is None else headers)


@pytest.fixture(scope="module")
def hooked(kratos, fresh_dsn, migrated):
    """one worker, so that what is remembered is remembered for all; every answer looks, unless a test says otherwise"""
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), with_hook()))
    yield server
    server.stop()


def with_hook(revalidate_after="0s", **changes):
    return {"serve": {"workers": 1}, "hydra": {"hook": merge(json.loads(json.dumps(HOOK)), changes)}, "kratos": {"session": {"revalidate_after": revalidate_after}}}


def claims(answer):
    assert answer.status == 200, answer
    assert answer.header("Content-Type") == "application/json"
    assert list(answer.json) == ["session"] and list(answer.json["session"]) == ["access_token", "id_token"]
    return answer.json["session"]["access_token"], answer.json["session"]["id_token"]


# ---- what Hydra sends ----

@pytest.mark.parametrize("name, email", [("authorization-code", "a@b.c"), ("refresh", "a@b.c"), ("refresh-after-claims-were-set", None), ("refresh-after-claims-were-erased", None)])
def test_each_recorded_request_is_answered_with_what_came_and_what_is_mapped(hooked, kratos, name, email):
    session = kratos.session(email="ada@example.org")
    payload = of(session, name)
    access, id_token = claims(hook(hooked, payload))
    came = payload["session"]["extra"] or {}
    assert {**came, **access} == access | {k: v for k, v in came.items() if k != "email"}
    assert access["email"] == "ada@example.org" and access["first"] == "Ada" and access["grant"] == payload["request"]["payload"]["grant_type"][0]
    assert id_token["name"].startswith("Ada Lovelace")
    for name, value in (payload["session"]["id_token"]["id_token_claims"]["ext"] or {}).items():
        assert id_token[name] == value


def test_client_credentials_have_no_person_and_kratos_is_not_asked(hooked, kratos):
    before = kratos.counts()
    answer = hook(hooked, recording("client-credentials"))
    assert answer.status == 204 and answer.body == b""
    nameless = recording("client-credentials")
    nameless["request"]["payload"] = nameless["request"]["grant_types"] = None
    assert hook(hooked, nameless).status == 204
    assert kratos.counts() == before
    assert hooked.line_of(answer)["outcome"] == "unchanged"


def test_a_client_can_not_call_its_refresh_client_credentials_to_keep_a_person_in(hooked, kratos):
    """Hydra goes by the first grant_type of the form, and passes on all of them"""
    session = kratos.session()
    payload = tied(session)
    payload["request"]["payload"]["grant_type"] = ["refresh_token", "client_credentials"]
    assert hook(hooked, payload).status == 200
    kratos.do(session, "revoke")
    assert hook(hooked, payload).status == 403


def test_the_legacy_shape_is_answered_the_same(hooked, kratos):
    session = kratos.session(email="ada@example.org")
    new = of(session)
    request = {name: new["request"][name] for name in ("client_id", "granted_scopes", "granted_audience", "grant_types")}
    legacy = {"subject": session["identity_id"], "session": new["session"], "requester": request, "client_id": request["client_id"],
              "granted_scopes": request["granted_scopes"], "granted_audience": request["granted_audience"]}
    access, id_token = claims(hook(hooked, legacy))
    assert access["email"] == "ada@example.org" and access["grant"] == "legacy" and id_token["sid"]


def test_what_gos_encoder_makes_of_nothing_is_nothing(hooked, kratos):
    session = kratos.session()
    payload = of(session)
    payload["session"].update(extra=None, allowed_top_level_claims=None, consent_challenge="", client_id="")
    payload["session"]["id_token"]["id_token_claims"].update(ext=None, amr=None, aud=None)
    payload["session"]["id_token"].update(headers=None, expires_at=None)
    payload["request"].update(granted_scopes=None, granted_audience=None, requested_scopes=None)
    access, id_token = claims(hook(hooked, payload))
    assert access["first"] == "Ada" and list(id_token) == ["name"]


def test_claims_that_came_stay_beside_those_mapped_and_a_mapped_one_wins(hooked, kratos):
    session = kratos.session(email="new@example.org")
    payload = of(session, email="old@example.org", kept={"deep": [1, None, {"x": "y"}]}, sid="of-the-consent-app")
    payload["session"]["id_token"]["id_token_claims"]["ext"] = {"sid": "177e1f44", "timestamp": 1723546027, "name": "old"}
    access, id_token = claims(hook(hooked, payload))
    assert access["email"] == "new@example.org" and access["kept"] == {"deep": [1, None, {"x": "y"}]} and access["sid"] == "of-the-consent-app"
    assert id_token == {"sid": "177e1f44", "timestamp": 1723546027, "name": id_token["name"]} and id_token["name"] != "old"


def test_a_claim_that_maps_to_null_leaves_what_came(hooked, kratos):
    session = kratos.session(metadata_public={})
    access, _ = claims(hook(hooked, of(session, n=17)))
    assert access["n"] == 17


def test_numbers_keep_their_digits(hooked, kratos):
    session = kratos.session()
    body = json.dumps(of(session, big=0, small=0, exact=0)).replace('"big": 0', '"big": 90071992547409931234567890').replace('"small": 0', '"small": 1.10').replace('"exact": 0', '"exact": 1E400')
    answer = hook(hooked, body)
    assert answer.status == 200
    for digits in (b'"big":90071992547409931234567890', b'"small":1.10', b'"exact":1E400', b'"n":9007199254740993'):
        assert digits in answer.body, answer.body


def test_ten_refreshes_keep_sid_and_all_claims(hooked, kratos):
    session = kratos.session()
    payload = of(session, "authorization-code", from_consent="x")
    sid = payload["session"]["id_token"]["id_token_claims"]["ext"]["sid"]
    first = None
    for turn in range(11):
        access, id_token = claims(hook(hooked, payload))
        assert access["from_consent"] == "x" and id_token["sid"] == sid
        payload = of(session)
        payload["session"]["extra"], payload["session"]["id_token"]["id_token_claims"]["ext"] = access, id_token  # as Hydra persists it
        first = first or {**access, "grant": "refresh_token"}
        assert {**access, "grant": "refresh_token"} == first


def test_the_input_is_the_kratos_session_where_one_is_known_and_the_identity_alone_where_not(hooked, kratos):
    session = kratos.session(aal=2)
    assert "aal" not in claims(hook(hooked, of(session)))[0]
    assert claims(hook(hooked, tied(session)))[0]["aal"] == "aal2"


def test_one_program_may_return_all_claims_and_the_bound_names_are_hydras(start, kratos):
    session = kratos.session()
    server = start(with_hook(access_token={"claims": "{a: $audience, s: $scope, c: $client.client_id, grants: $hydra.request.grant_types}"}))
    payload = of(session)
    access, _ = claims(hook(server, payload))
    assert access["a"] == ["https://api.example.com"] and access["s"] == "openid offline api"
    assert access["c"] == payload["session"]["client_id"] and access["grants"] == ["refresh_token"]


def test_metadata_admin_is_mapped_only_where_the_settings_say_so_and_never_in_the_session(start, kratos):
    session = kratos.session(metadata_admin={"roles": ["boss"]})
    server = start({**with_hook(access_token={"claims": {"roles": "$identity_admin.roles", "leak": ".identity.metadata_admin", "logins": ".identity.credentials"}}),
                    "access_token": {"claims_use_admin_metadata": True}})
    for payload in (of(session), tied(session)):
        access, _ = claims(hook(server, payload))
        assert access["roles"] == ["boss"] and "leak" not in access and "logins" not in access


# ---- who may ask ----

@pytest.mark.parametrize("headers", [{}, {"Authorization": KEY + "x"}, {"Authorization": KEY[:-1]}, {"Authorization": KEY[len("Bearer "):]}, {"Authorization": ""},
                                     {"X-Api-Key": KEY}, {"Cookie": "Authorization=" + KEY}, [("Authorization", KEY), ("Authorization", KEY)]])
def test_a_wrong_or_missing_key_is_401_and_nothing_happens(hooked, kratos, session, headers):
    before = kratos.counts()
    answer = hook(hooked, of(session), headers)
    assert answer.status == 401 and answer.json["error"] == "access_denied" and answer.header("WWW-Authenticate")
    assert hook(hooked, "no json", headers).status == 401
    assert kratos.counts() == before


def test_the_admin_token_is_not_the_hooks_key_nor_the_key_the_admin_token(start, kratos, session):
    token = "an-admin-token-of-more-than-32-characters"
    server = start(merge(with_hook(), {"serve": {"admin": {"token": token}}}))
    assert hook(server, of(session)).status == 200
    assert hook(server, of(session), {"Authorization": "Bearer " + token}).status == 401
    assert server.admin.get("/admin/clients", {"Authorization": KEY}).status == 401


def test_the_key_may_come_in_another_header_or_in_a_cookie(start, kratos, session):
    by_header = start(with_hook(api_key_in="header:X-Hook-Key"))
    assert hook(by_header, of(session), {"x-hook-key": KEY}).status == 200
    assert hook(by_header, of(session), {"Authorization": KEY}).status == 401
    by_cookie = start(with_hook(api_key_in="cookie:hook_key"))
    assert hook(by_cookie, of(session), {"Cookie": 'hook_key="%s"' % KEY}).status == 200  # as Go writes it
    assert hook(by_cookie, of(session), {"Cookie": "a=b; hook_key=%s" % KEY}).status == 200
    for cookie in ("hook_key=", "Hook_key=" + KEY, "hook_key=%s; hook_key=%s" % (KEY, KEY), "xhook_key=" + KEY, KEY):
        assert hook(by_cookie, of(session), {"Cookie": cookie}).status == 401, cookie


def test_without_the_hook_the_path_is_404_and_the_rules_of_the_port_hold(hydrant, hooked, session):
    assert hook(hydrant, of(session)).status == 404
    assert hooked.public.request("POST", "/hooks/hydra/token", "{}", {"Authorization": KEY}).status == 404
    assert hooked.admin.request("GET", "/hooks/hydra/token", None, {"Authorization": KEY}).status == 405
    assert hook(hooked, of(session), {"Authorization": KEY, "Origin": "https://evil.example"}).status == 403
    assert hook(hooked, of(session), {"Authorization": KEY, "Host": "evil.example"}).status == 403


# ---- bad input ----

@pytest.mark.parametrize("body", ["", "no json", "{", "[]", "null", '"session"', "{}", '{"session":null}', '{"session":[]}', '{"session":"x"}',
                                  '{"session":{},"request":[]}', '{"session":{"extra":[]}}', '{"session":{"id_token":7}}', '{"session":{"id_token":{"subject":7}}}',
                                  '{"session":{"id_token":{"id_token_claims":{"ext":"x"}}}}', '{"session":{},"request":{"granted_scopes":"api"}}',
                                  '{"session":{},"request":{"granted_audience":[7]}}', '{"session":{},"request":{"payload":[]}}',
                                  '{"session":{"extra":{},"extra":{}}}', '{"session":{}} x', "\xff"])
def test_what_is_no_call_of_hydras_is_400_and_says_why(hooked, kratos, body):
    before = kratos.counts()
    answer = hook(hooked, body.encode("latin-1"))
    assert answer.status == 400 and answer.json["error"] == "invalid_request" and len(answer.json["error_description"]) > 5
    assert kratos.counts() == before


def test_a_body_that_is_too_large_is_413(hooked):
    assert hook(hooked, "x" * 10_000_000).status == 413
    assert hook(hooked, '{"session":{"extra":{"x":"%s"}}}' % ("x" * 65536)).status == 413


def test_a_payload_of_very_many_values_is_no_trouble(hooked, kratos, session):
    payload = of(session)
    payload["session"]["extra"]["many"] = [1] * 20000
    body = json.dumps(payload, separators=(",", ":"))
    access, _ = claims(hook(hooked, body))
    assert len(access["many"]) == 20000


@pytest.mark.parametrize("subject", [None, "", "foo@bar.com", "2ba14201-4f13-44ee-96c1-3ebc8cfe89d", "../../admin/sessions", "2ba14201-4f13-44ee-96c1-3ebc8cfe89da\r\nX: y"])
def test_a_subject_that_is_absent_or_no_uuid_is_204_with_a_reason_in_the_log(hooked, kratos, session, subject):
    before = kratos.counts()
    payload = of(session)
    payload["session"]["id_token"]["subject"] = subject
    answer = hook(hooked, payload)
    assert answer.status == 204 and kratos.counts() == before
    assert "subject" in hooked.line_of(answer)["reason"]


def test_an_unknown_identity_is_403(hooked, kratos, session):
    payload = of(session)
    payload["session"]["id_token"]["subject"] = str(uuid.uuid4())
    answer = hook(hooked, payload)
    assert answer.status == 403 and answer.json["error"] == "access_denied"
    assert hooked.line_of(answer)["reason"] == "identity 404 twice, Kratos ready"


# ---- mappings that fail ----

@pytest.mark.parametrize("part", ["access_token", "id_token"])
def test_a_mapping_that_fails_changes_nothing_and_the_log_names_the_claim_but_no_person(start, kratos, part):
    session = kratos.session(email="secret-name@example.org")
    server = start(with_hook(**{part: {"claims": {"broken": ".identity.traits.email | tonumber"}}}))
    answer = hook(server, of(session))
    assert answer.status == 204 and answer.body == b""
    assert server.line_of(answer)["reason"] == "a mapping failed"
    (warning,) = server.log_lines("hydra_hook_claims")
    assert warning["where"] == "claims: broken" and warning["id"] == answer.header("X-Request-Id")
    assert "secret-name" not in server.log


@pytest.mark.parametrize("part", ["access_token", "id_token"])
def test_with_refuse_nobody_keeps_old_claims_by_making_a_mapping_fail(start, kratos, part):
    """a person who may change a mapped trait could freeze a role that was taken away"""
    session = kratos.session(email="x" * 20000 + "@example.org")
    server = start(with_hook(on_kratos_down="refuse", **{part: {"claims": {"email": ".identity.traits.email", "roles": ".identity.metadata_public.roles // []"}}}))
    answer = hook(server, of(session, roles=["admin"]))
    assert answer.status == 403 and answer.json["error"] == "access_denied", answer
    assert server.line_of(answer)["reason"] == "a mapping failed"


def test_the_log_has_outcome_reason_client_and_grant_and_no_claims(hooked, kratos):
    session = kratos.session(email="another-name@example.org")
    payload = of(session, private="of-the-consent-app")
    line = hooked.line_of(hook(hooked, payload))
    assert line["endpoint"] == "hydra_hook" and line["outcome"] == "mapped" and line["client"] == payload["session"]["client_id"] and line["grant"] == "refresh_token"
    for text in ("another-name", "of-the-consent-app", KEY, session["identity_id"], session["session_id"]):
        assert text not in hooked.log


# ---- tied to the session ----

@pytest.mark.parametrize("event", ["revoke", "expire", "disable", "forget", "delete_identity"])
def test_once_the_session_has_ended_the_next_refresh_is_403(hooked, kratos, event):
    session = kratos.session()
    assert hook(hooked, tied(session)).status == 200
    kratos.do(session, event)
    answer = hook(hooked, tied(session))
    assert answer.status == 403 and hooked.line_of(answer)["outcome"] == "access_denied"


@pytest.mark.parametrize("event, status", [("revoke", 200), ("disable", 403), ("delete_identity", 403)])
def test_without_a_session_it_is_the_person_who_counts(hooked, kratos, event, status):
    session = kratos.session()
    assert hook(hooked, of(session)).status == 200
    kratos.do(session, event)
    assert hook(hooked, of(session)).status == status


def test_a_hook_after_a_sessions_end_shares_no_look_that_a_refresh_began_before_it(hooked, kratos):
    session = kratos.session()
    token = hooked.exchange(session).json["refresh_token"]
    kratos.fault(path="session", delay_ms=400, count=1)
    before = kratos.counts()["session"]
    refresh = threading.Thread(target=hooked.refresh, args=(token,))
    refresh.start()
    time.sleep(0.1)  # it is looking
    assert kratos.counts()["session"] == before + 1
    assert hooked.admin.request("DELETE", "/admin/grants?session=" + session["session_id"]).status == 200
    time.sleep(0.05)  # the worker hears of it
    assert hook(hooked, tied(session)).status == 200  # Kratos was not told
    refresh.join()
    assert kratos.counts()["session"] == before + 2


def test_a_person_who_is_enabled_again_may_refresh_again(hooked, kratos, session):
    kratos.do(session, "disable")
    assert hook(hooked, of(session)).status == 403
    kratos.do(session, "enable")
    assert hook(hooked, of(session)).status == 200


def test_a_session_of_another_person_gives_no_claims(hooked, kratos):
    victim, other = kratos.session(email="victim@example.org"), kratos.session()
    payload = of(other, kratos_session_id=victim["session_id"])
    answer = hook(hooked, payload)
    assert answer.status == 204 and hooked.line_of(answer)["reason"] == "the Kratos session is another identity's"


def test_the_session_may_stand_for_a_subject_that_is_no_uuid(hooked, kratos):
    session = kratos.session(email="ada@example.org")
    payload = tied(session)
    payload["session"]["id_token"]["subject"] = "ada@example.org"
    assert claims(hook(hooked, payload))[0]["email"] == "ada@example.org"
    kratos.do(session, "revoke")
    assert hook(hooked, payload).status == 403


@pytest.mark.parametrize("value", ["", "no-uuid", 7, {"id": "x"}, ["2ba14201-4f13-44ee-96c1-3ebc8cfe89da"]])
def test_a_session_id_that_is_none_is_told_and_the_person_counts(hooked, kratos, session, value):
    before = len(hooked.log_lines("hydra_hook_session"))
    answer = hook(hooked, of(session, kratos_session_id=value))
    assert answer.status == 200
    warning = hooked.log_lines("hydra_hook_session")[before]
    assert warning["where"] == "claims: kratos_session" and warning["id"] == answer.header("X-Request-Id")
    kratos.do(session, "disable")
    assert hook(hooked, of(session, kratos_session_id=value)).status == 403


def test_with_refuse_a_session_id_that_is_none_is_403(start, kratos, session):
    server = start(with_hook(on_kratos_down="refuse"))
    assert hook(server, of(session, kratos_session_id="no-uuid")).status == 403
    assert hook(server, of(session, kratos_session_id=None)).status == 200


# ---- remembering ----

def test_what_was_seen_within_revalidate_after_is_not_asked_again(start, kratos):
    server, session = start(with_hook("60s")), kratos.session()
    before = kratos.counts()
    for _ in range(20):
        assert hook(server, of(session)).status == 200
        assert hook(server, tied(session)).status == 200
    after = kratos.counts()
    assert after["identity"] - before["identity"] == 1 and after["session"] - before["session"] == 1


def test_what_is_remembered_is_answered_within_10_ms_while_kratos_hangs(start, kratos):
    server, session, times = start(with_hook("60s")), kratos.session(), []
    assert hook(server, tied(session)).status == 200
    kratos.fault(path="all", delay_ms=3000, count=-1)
    for _ in range(40):
        began = time.monotonic()
        assert hook(server, tied(session)).status == 200
        times.append(time.monotonic() - began)
    assert sorted(times)[9] < 0.010  # a quarter of them: the machine may be busy


def test_simultaneous_looks_are_one(start, kratos):
    server, session = start(with_hook("60s")), kratos.session()
    kratos.fault(path="identity", delay_ms=300)
    before, statuses = kratos.counts()["identity"], []
    threads = [threading.Thread(target=lambda: statuses.append(hook(server, of(session)).status)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 10 and kratos.counts()["identity"] - before == 1


def test_a_session_that_expired_by_the_clock_is_asked_for_again_though_it_was_seen_just_now(start, kratos):
    server, session = start(with_hook("60s")), kratos.session(lifespan_s=1)
    assert hook(server, tied(session)).status == 200
    before = kratos.counts()["session"]
    time.sleep(6.2)  # what clocks may be apart is allowed for
    assert hook(server, tied(session)).status == 403
    assert kratos.counts()["session"] == before + 1


# ---- Kratos away ----

DOWN = [{"drop": "true"}, {"status": 500}, {"status": 401}]


@pytest.mark.parametrize("fault", DOWN)
def test_while_kratos_is_away_the_last_claims_are_answered_and_then_those_of_now(hooked, kratos, fault):
    session = kratos.session(email="ada@example.org")
    before = hook(hooked, of(session))
    kratos.fault(path="all", **fault)
    answer = hook(hooked, of(session))
    assert answer.status == 200 and answer.json == before.json
    line = hooked.line_of(answer)
    assert line["outcome"] == "mapped_from_last_look" and line["reason"].startswith("identity ")
    kratos.no_faults()
    kratos.do(session, "disable")
    assert hook(hooked, of(session)).status == 403


@pytest.mark.parametrize("fault", DOWN)
def test_nobody_seen_before_and_kratos_away_is_204_or_403_as_the_settings_say(hooked, start, kratos, fault):
    refusing = start(with_hook(on_kratos_down="refuse"))
    session = kratos.session()
    kratos.fault(path="all", **fault)
    for payload in (of(session), tied(session)):
        answer = hook(hooked, payload)
        assert answer.status == 204 and hooked.line_of(answer)["outcome"] == "unchanged"
        answer = hook(refusing, payload)
        assert answer.status == 403 and refusing.line_of(answer)["outcome"] == "refused_without_kratos"


def test_the_last_claims_serve_for_a_tokens_life_and_stale_if_error(start, kratos):
    changes = merge(with_hook(), {"kratos": {"session": {"stale_if_error": "1s"}}, "access_token": {"ttl": "1s"}})
    keeping, refusing = start(changes), start(merge(json.loads(json.dumps(changes)), {"hydra": {"hook": {"on_kratos_down": "refuse"}}}))
    session = kratos.session()
    for server in (keeping, refusing):
        assert hook(server, of(session)).status == 200
    kratos.fault(path="all", drop="true")
    for server in (keeping, refusing):
        assert hook(server, of(session)).status == 200
    time.sleep(2.1)
    assert hook(keeping, of(session)).status == 204 and hook(refusing, of(session)).status == 403
    kratos.no_faults()
    for server in (keeping, refusing):
        assert hook(server, of(session)).status == 200


@pytest.mark.parametrize("event, payload_of", [("revoke", tied), ("disable", of), ("delete_identity", of)])
def test_what_has_ended_stays_ended_while_kratos_is_away(hooked, kratos, event, payload_of):
    session = kratos.session()
    assert hook(hooked, payload_of(session)).status == 200
    kratos.do(session, event)
    assert hook(hooked, payload_of(session)).status == 403
    kratos.fault(path="all", drop="true")
    assert hook(hooked, payload_of(session)).status == 403


def test_a_kratos_that_hangs_is_waited_for_two_and_a_half_seconds_and_its_answer_is_kept(start, kratos):
    server = start({**with_hook("60s"), "kratos": {"timeout": "5s", "session": {"revalidate_after": "60s"}}})
    session = kratos.session()
    kratos.fault(path="identity", delay_ms=3200)
    began = time.monotonic()
    answer = hook(server, of(session))
    assert answer.status == 204 and 2.4 < time.monotonic() - began < 2.9
    assert server.line_of(answer)["reason"] == "Kratos not answered in 2500 ms"
    time.sleep(1)
    before = kratos.counts()["identity"]
    assert hook(server, of(session)).status == 200 and kratos.counts()["identity"] == before


def test_a_caller_that_leaves_leaves_the_others_waiting(start, kratos):
    server, session = start(with_hook("60s")), kratos.session()
    kratos.fault(path="identity", delay_ms=600)
    with pytest.raises(OSError):
        server.admin.request("POST", "/hooks/hydra/token", json.dumps(of(session)), {"Authorization": KEY}, timeout=0.2)
    answer = hook(server, of(session))
    assert answer.status == 200 and kratos.counts()["identity"] >= 1


def test_a_server_that_ends_while_a_look_is_under_way_leaves_nothing_behind(start, kratos):
    server, session = start(with_hook()), kratos.session()
    kratos.fault(path="identity", delay_ms=3900)
    assert hook(server, of(session)).status == 204
    server.stop()


# ---- settings ----

@pytest.mark.parametrize("changes, words", [
    ({"api_key": None}, "hydra.hook.api_key: is required"),
    ({"api_key": "Bearer 123"}, "at least 16 visible characters"),
    ({"api_key": "Bearer secret value"}, "an example of the documentation"),
    ({"api_key": "Bearer replace-me-with-a-key-of-your-own"}, "an example of the documentation"),
    ({"api_key": "aaaaaaaaaaaaaaaaaaaaaaaa"}, "guessable"),
    ({"api_key": "Bearer \n3f9c1a7e5b2d8846"}, "is wrong"),
    ({"api_key_in": "query:key"}, "header:<name> or cookie:<name>"),
    ({"api_key_in": "header:"}, "header:<name> or cookie:<name>"),
    ({"api_key_in": "header:Content-Length"}, "header:<name> or cookie:<name>"),
    ({"api_key_in": "cookie:a b"}, "header:<name> or cookie:<name>"),
    ({"api_key_in": "cookie:a", "api_key": "3f9c1a7e;5b2d8846"}, "takes out of a cookie"),
    ({"on_kratos_down": "wait"}, "one of: keep refuse"),
    ({"kratos_session": ".a ["}, "hydra.hook.kratos_session"),
    ({"kratos_session": "$hydra.session"}, "$hydra is not defined"),
    ({"access_token": {"claims": {"sid": ".id"}}}, "is set by the server"),
    ({"id_token": {"claims": {"x": "$hydrra"}}}, "$hydrra is not defined"),
    ({"access_token": {"claims": {"x": "$identity_admin"}}}, "$identity_admin is not defined"),
])
def test_what_is_wrong_in_the_settings_is_said_and_no_secret_with_it(tmp_path, kratos, changes, words):
    said = config_check(tmp_path, kratos, with_hook(**changes))
    assert words in said, said
    assert "3f9c1a7e" not in said and "secret value" not in said


def test_hydra_is_bound_in_no_other_claims(tmp_path, kratos):
    assert "$hydra is not defined" in config_check(tmp_path, kratos, {"access_token": {"claims": {"x": "$hydra.session"}}})


def config_check(tmp_path, kratos, changes):
    """what `hydrant config check` says of settings that are wrong"""
    path = tmp_path / "hydrant.yml"
    path.write_text(json.dumps(merge(default_settings(kratos, "memory"), changes)))
    path.chmod(0o600)
    done = run("config", "check", "-c", str(path))
    assert done.code == 1 and done.out == "", done
    return done.err
