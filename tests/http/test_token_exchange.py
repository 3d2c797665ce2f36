"""Token exchange for a Kratos session: RFC 8693 and docs/exchange.md."""
import time

import pytest

from parts import ACCESS_TOKEN, BOTH_ALGORITHMS, EXCHANGE, KRATOS_COOKIE, KRATOS_SESSION, claims_of, header_of, verify


def test_a_session_token_becomes_an_access_token_and_a_refresh_token(hydrant, session):
    answer = hydrant.exchange(session)
    assert answer.status == 200, answer
    said = answer.json
    assert said["token_type"] == "Bearer"
    assert said["issued_token_type"] == ACCESS_TOKEN
    assert said["expires_in"] == 900
    assert said["scope"] == "api read"
    assert said["refresh_token"].startswith("hrt_") and len(said["refresh_token"]) == 87
    assert 3500 < said["authorization_expires_in"] <= 3600  # the session's hour
    assert said["refresh_token_timeout"] <= said["authorization_expires_in"]
    claims = verify(said["access_token"], hydrant.jwks())
    assert claims["sub"] == session["identity_id"]


def test_rfc_6749_5_1_token_answers_are_not_to_be_stored(hydrant, session):
    answer = hydrant.exchange(session)
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("Pragma") == "no-cache"
    assert answer.header("Content-Type") == "application/json"


def test_rfc_9068_2_the_access_token_has_the_header_and_claims_of_the_profile(hydrant, session):
    token = hydrant.exchange(session).json["access_token"]
    header, claims = header_of(token), claims_of(token)
    assert header["typ"] == "at+jwt" and header["alg"] == "ES256" and header["kid"] in [k["kid"] for k in hydrant.jwks()["keys"]]
    assert claims["iss"] == "http://localhost:4477"
    assert claims["aud"] == ["https://api.example.com"]
    assert claims["client_id"] == "spa"
    assert claims["sid"] == session["session_id"]
    assert claims["scope"] == "api read"
    assert claims["acr"] == "aal1"
    assert claims["amr"] == ["password"]
    assert claims["exp"] - claims["iat"] == 900
    assert abs(claims["iat"] - time.time()) < 5
    assert abs(claims["auth_time"] - time.time()) < 60
    assert len(claims["jti"]) > 36
    assert "nbf" not in claims


def test_the_jti_is_never_the_same_and_names_the_grant(hydrant, session):
    first, second = (claims_of(hydrant.exchange(session).json["access_token"])["jti"] for _ in range(2))
    assert first != second and first[36] == second[36] == "."


def test_claims_are_mapped_typed_and_escaped(start, kratos):
    hydrant = start({"access_token": {"claims": {
        "name": ".identity.traits.name.last", "aal": ".authenticator_assurance_level", "n": ".identity.metadata_public.n",
        "plan?": None, "plan": ".identity.metadata_public.plan", "missing": ".identity.traits.missing", "client": "$client.client_id", "list": "[.authentication_methods[].method]",
        "optional?": ".id | tonumber"}}})
    claims = claims_of(hydrant.exchange(kratos.session()).json["access_token"])
    assert claims["name"] == "Lovelace <O'Hara> & Söhne \"Q\""
    assert claims["aal"] == "aal1" and claims["plan"] == "gold" and claims["client"] == "spa" and claims["list"] == ["password"]
    assert claims["n"] == 9007199254740993  # no digit lost
    assert "missing" not in claims and "optional" not in claims and "optional?" not in claims


ADMIN_METADATA = {"access_token": {"claims_use_admin_metadata": True, "claims": {"roles": "$identity_admin.roles"}}, "kratos": {"session": {"revalidate_after": "0s"}}}


def test_admin_metadata_can_be_mapped_at_the_exchange_and_at_each_look(start, kratos):
    hydrant = start(ADMIN_METADATA)
    first = hydrant.exchange(kratos.session(metadata_admin={"roles": ["admin", "ops"]})).json
    assert claims_of(first["access_token"])["roles"] == ["admin", "ops"]
    second = hydrant.refresh(first["refresh_token"]).json
    assert claims_of(second["access_token"])["roles"] == ["admin", "ops"]


def test_where_admin_metadata_cannot_be_asked_for_there_is_no_token_without_it(start, kratos):
    hydrant = start(ADMIN_METADATA)
    kratos.fault(path="identity", status=500, count=-1)
    assert hydrant.exchange(kratos.session()).status == 503


def test_a_claim_that_fails_makes_the_exchange_fail_and_names_itself_in_the_log_only(start, session):
    hydrant = start({"access_token": {"claims": {"broken": ".identity.traits.email | tonumber"}}})
    answer = hydrant.exchange(session)
    assert answer.status == 500 and answer.json["error"] == "server_error"
    assert "broken" not in answer.body.decode()
    line = hydrant.line_of(answer)
    assert "broken" in str(line)
    assert "@" not in str(line)  # nobody's data


def test_external_id_as_subject_by_setting(start, kratos):
    hydrant = start({"access_token": {"subject": "external_id"}})
    session = kratos.session(external_id="crm-77")
    assert claims_of(hydrant.exchange(session).json["access_token"])["sub"] == "crm-77"


def test_a_verifier_that_refuses_at_jwt_can_have_jwt(start, session):
    hydrant = start({"access_token": {"typ": "JWT"}})
    assert header_of(hydrant.exchange(session).json["access_token"])["typ"] == "JWT"


def test_a_jwt_may_be_requested_by_that_name(hydrant, session):
    answer = hydrant.exchange(session, requested_token_type="urn:ietf:params:oauth:token-type:jwt")
    assert answer.status == 200 and answer.json["issued_token_type"] == "urn:ietf:params:oauth:token-type:jwt"


@pytest.mark.parametrize("changes, error", [
    ({"subject_token": ""}, "invalid_request"),
    ({"subject_token_type": ""}, "invalid_request"),
    ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"),
    ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
    ({"actor_token": "x"}, "invalid_request"),
    ({"actor_token_type": ACCESS_TOKEN}, "invalid_request"),
    ({"actor_token": "x", "actor_token_type": ACCESS_TOKEN}, "invalid_request"),
    ({"scope": "api admin"}, "invalid_scope"),
    ({"scope": 'a"b'}, "invalid_scope"),
    ({"scope": "offline_access"}, "invalid_scope"),
    ({"audience": "https://unknown.example"}, "invalid_target"),
    ({"resource": "https://unknown.example"}, "invalid_target"),
    ({"resource": "https://api.example.com#part"}, "invalid_target"),
    ({"resource": "api"}, "invalid_target"),
    ({"grant_type": "password"}, "unsupported_grant_type"),
    ({"grant_type": ""}, "invalid_request"),
])
def test_what_is_malformed_or_not_allowed_is_refused_before_kratos_is_asked(hydrant, kratos, session, changes, error):
    before = kratos.counts()["whoami"]
    answer = hydrant.exchange(session, **changes)
    assert answer.status == 400 and answer.json["error"] == error, answer
    assert set(answer.json) == {"error", "error_description"}
    assert kratos.counts()["whoami"] == before


@pytest.mark.parametrize("token", ["ory_st_unknown", "x", "a b", "a\r\nX: y", "a" * 600, "ory_st_\x00", "ü"])
def test_rfc_8693_2_2_2_a_subject_token_that_is_not_accepted_is_invalid_request(hydrant, token):
    answer = hydrant.exchange({"session_token": token})
    assert answer.status == 400 and answer.json["error"] == "invalid_request", answer


@pytest.mark.parametrize("what", ["revoke", "expire", "disable", "forget"])
def test_a_session_that_ended_is_not_exchanged(hydrant, kratos, what):
    session = kratos.session()
    kratos.do(session, what)
    answer = hydrant.exchange(session)
    assert answer.status == 400 and answer.json["error"] == "invalid_request", answer
    assert answer.json["error_description"] == "The subject token was not accepted."


def test_a_session_that_must_step_up_says_where(hydrant, kratos):
    session = kratos.session()
    kratos.do(session, "require_aal2")
    answer = hydrant.exchange(session)
    assert answer.status == 403 and answer.json["error"] == "insufficient_user_authentication"
    assert "aal=aal2" in answer.json["redirect_browser_to"]


def test_a_second_factor_shows_in_acr_and_amr(hydrant, kratos):
    session = kratos.session()
    kratos.do(session, "aal2")
    claims = claims_of(hydrant.exchange(session).json["access_token"])
    assert claims["acr"] == "aal2" and claims["amr"][0] == "password" and len(claims["amr"]) == 2


def test_a_single_401_of_kratos_is_not_believed(hydrant, kratos, session):
    kratos.fault(path="whoami", status=401, count=1)
    assert hydrant.exchange(session).status == 200


def test_two_401_of_a_kratos_that_is_not_ready_are_its_trouble_and_not_the_session_s(hydrant, kratos, session):
    kratos.fault(path="whoami", status=401, count=-1)
    kratos.fault(path="ready", status=503, count=-1)
    answer = hydrant.exchange(session)
    assert answer.status == 503 and answer.json["error"] == "temporarily_unavailable" and answer.header("Retry-After")


def test_that_kratos_was_ready_a_moment_before_its_trouble_proves_nothing_of_a_session(hydrant, kratos, session):
    for _ in range(4):  # each worker finds that Kratos is ready
        assert hydrant.exchange({"session_token": "ory_st_nobody"}).status == 400
    kratos.fault(path="whoami", status=401, count=-1)
    kratos.fault(path="ready", status=503, count=-1)
    assert [hydrant.exchange(session).status for _ in range(4)] == [503] * 4


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}, {"drop": "after_head"}, {"delay_ms": 3500}, {"status": 404}])
def test_kratos_trouble_is_503_with_retry_after_within_the_deadline_and_never_an_oauth_refusal(hydrant, kratos, session, fault):
    kratos.fault(path="whoami", count=-1, **fault)
    began = time.monotonic()
    answer = hydrant.exchange(session)
    assert answer.status == 503 and answer.json["error"] == "temporarily_unavailable", answer
    assert int(answer.header("Retry-After")) >= 1
    assert time.monotonic() - began < 5
    kratos.no_faults()
    assert hydrant.exchange(session).status == 200


def test_exp_never_passes_the_end_of_the_session(hydrant, kratos):
    answer = hydrant.exchange(kratos.session(lifespan_s=300)).json
    claims = claims_of(answer["access_token"])
    assert 290 <= answer["expires_in"] <= 300
    assert claims["exp"] - claims["iat"] == answer["expires_in"]
    assert answer["refresh_token_timeout"] <= 300 and answer["authorization_expires_in"] <= 300


def test_a_grant_with_offline_access_is_not_bound_to_the_session_s_end(hydrant, kratos):
    answer = hydrant.exchange(kratos.session(lifespan_s=300), client="backend", scope="api offline_access").json
    assert answer["expires_in"] == 900
    assert answer["authorization_expires_in"] > 29 * 86400


def test_asked_for_no_scope_a_client_gets_all_but_offline_access(hydrant, session):
    assert hydrant.exchange(session, client="backend").json["scope"] == "api read"


def test_a_client_without_the_refresh_token_grant_gets_no_refresh_token(hydrant, session):
    answer = hydrant.exchange(session, client="exchange-only").json
    assert "refresh_token" not in answer and "authorization_expires_in" not in answer
    assert "." not in claims_of(answer["access_token"])["jti"]


def test_a_grant_type_that_is_not_registered_for_the_client_is_unauthorized_client(start, session):
    hydrant = start({"clients": [{"client_id": "spa", "token_endpoint_auth_method": "none", "scope": "api", "grant_types": ["refresh_token"]}]})
    answer = hydrant.exchange(session)
    assert answer.status == 400 and answer.json["error"] == "unauthorized_client"


RESOURCES = {"keys": BOTH_ALGORITHMS, "access_token": {"resources": {
    "https://pay.example.com": {"ttl": "2m", "algorithm": "RS256", "typ": "JWT", "scopes": ["read"], "claims": {"pay": ".identity.id"}, "min_acr": "aal2"},
    "https://files.example.com": {"ttl": "5m"},
}}}


def test_a_resource_has_its_own_ttl_algorithm_type_scopes_and_claims(start, kratos):
    hydrant = start(RESOURCES)
    session = kratos.session()
    kratos.do(session, "aal2")
    answer = hydrant.exchange(session, resource="https://pay.example.com").json
    claims = verify(answer["access_token"], hydrant.jwks(), "https://pay.example.com")
    assert header_of(answer["access_token"])["alg"] == "RS256" and header_of(answer["access_token"])["typ"] == "JWT"
    assert answer["expires_in"] == 120 and answer["scope"] == "read" == claims["scope"]
    assert claims["pay"] == session["identity_id"] and "email" not in claims


def test_a_resource_may_ask_for_more_assurance(start, session):
    answer = start(RESOURCES).exchange(session, resource="https://pay.example.com")
    assert answer.status == 403 and answer.json["error"] == "insufficient_user_authentication"


def test_resources_with_different_profiles_cannot_share_a_token(start, session):
    answer = start(RESOURCES).token([("grant_type", EXCHANGE), ("subject_token", session["session_token"]), ("subject_token_type", KRATOS_SESSION),
                                     ("resource", "https://pay.example.com"), ("resource", "https://files.example.com")])
    assert answer.status == 400 and answer.json["error"] == "invalid_target"
    assert "one by one" in answer.json["error_description"]


def test_resources_whose_tokens_look_the_same_share_one(start, session):
    hydrant = start({"access_token": {"resources": {"https://a.example.com": {"ttl": "5m"}, "https://b.example.com": {"ttl": "5m"}}}})
    answer = hydrant.token([("grant_type", EXCHANGE), ("subject_token", session["session_token"]), ("subject_token_type", KRATOS_SESSION),
                            ("resource", "https://a.example.com"), ("resource", "https://b.example.com")])
    assert answer.status == 200 and answer.json["expires_in"] == 300
    assert claims_of(answer.json["access_token"])["aud"] == ["https://a.example.com", "https://b.example.com"]


def test_rfc_6749_3_3_a_token_without_a_scope_says_none(start, session):
    answer = start({"access_token": {"resources": {"https://a.example.com": {"scopes": ["pay"]}}}}).exchange(session, resource="https://a.example.com")
    assert answer.status == 200 and "scope" not in answer.json and "scope" not in claims_of(answer.json["access_token"])


def test_resources_of_one_profile_share_a_token(start, session):
    hydrant = start({"access_token": {"audience": ["https://a.example.com", "https://b.example.com"]}})
    answer = hydrant.token([("grant_type", EXCHANGE), ("subject_token", session["session_token"]), ("subject_token_type", KRATOS_SESSION),
                            ("resource", "https://b.example.com"), ("audience", "https://a.example.com")])
    assert claims_of(answer.json["access_token"])["aud"] == ["https://b.example.com", "https://a.example.com"]


def test_a_cookie_value_in_the_body_is_exchanged_and_its_renewal_not_passed_on(hydrant, kratos, session):
    time.sleep(0.005)
    kratos.do(session, "extend")  # Kratos answers the old cookie with a renewed one
    answer = hydrant.token({"grant_type": EXCHANGE, "subject_token": session["cookie"], "subject_token_type": KRATOS_COOKIE}, client="backend")
    assert answer.status == 200 and "refresh_token" in answer.json
    assert answer.header("Set-Cookie") is None  # an attacker's cookie must not come back to his victim


def test_simultaneous_exchanges_of_one_session_are_all_answered(hydrant, session):
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: hydrant.exchange(session), range(32)))
    assert [a.status for a in answers] == [200] * 32
    assert len({a.json["refresh_token"] for a in answers}) == 32


def test_the_oldest_grant_of_a_session_and_client_makes_room_for_the_21st(hydrant, session):
    tokens = [hydrant.exchange(session).json["refresh_token"] for _ in range(21)]
    assert hydrant.refresh(tokens[0]).json["error"] == "invalid_grant"
    assert hydrant.refresh(tokens[1]).status == 200
    assert hydrant.refresh(tokens[20]).status == 200
