"""Hydra's token hook (docs/hydra-hook.md): what is asked and answered, by whom, and the settings. When a session has ended or Kratos is away: test_hydra_hook_kratos.py."""
import json
import uuid

import pytest

from hydra_hook_parts import KEY, claims, hook, hooked, of, recording, tied, with_hook  # noqa: F401
from parts import default_settings, merge
from terminal import run


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
