"""Asking for an introspection (docs/introspection.md): who may and how, RFC 7662, answers that are signed, RFC 9701, the admin API's, and what it costs."""
import json
import time

import pytest
from jwcrypto import jwk, jws

from introspect_parts import API, FORM, INACTIVE, JWT, OWNER, SHOP, admin, forged, hydrant, is_active, launch, owned, says  # noqa: F401
from parts import BOTH_ALGORITHMS, SECRETS, basic, claims_of, form, header_of


# ---- who may ask ----

@pytest.mark.parametrize("client_id", ["spa", "nobody", "backend"])
def test_rfc_7662_2_1_who_has_not_authenticated_is_refused(hydrant, session, client_id):
    token = hydrant.exchange(session).json["access_token"]
    answer = hydrant.public.request("POST", "/oauth2/introspect", form({"token": token, "client_id": client_id}), FORM)
    assert answer.status == 401 and answer.json["error"] == "invalid_client", answer
    assert b"active" not in answer.body


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer abc"}, {"Authorization": basic("backend", "wrong")}, {"Authorization": basic("spa", "x")}])
def test_nor_is_anybody_else_let_in(hydrant, headers):
    answer = hydrant.public.request("POST", "/oauth2/introspect", form({"token": "x"}), {**FORM, **headers})
    assert answer.status == 401 and answer.json["error"] == "invalid_client", answer
    assert (answer.header("WWW-Authenticate") is not None) == bool(headers)


def test_client_secret_post_may_ask_too(hydrant, session):
    said = hydrant.exchange(session, client="poster").json
    body = form({"token": said["refresh_token"], "client_id": "poster", "client_secret": SECRETS["poster"]})
    assert says(hydrant.public.request("POST", "/oauth2/introspect", body, FORM))["active"] is True


def test_ten_wrong_secrets_close_the_pair_here_as_elsewhere(launch, session):
    hydrant = launch()
    for _ in range(10):
        assert hydrant.introspect("x", (OWNER[0], "wrong")).status == 401
    assert hydrant.introspect("x", OWNER).status == 429
    assert hydrant.exchange(session, client=None, headers={"Authorization": basic(*OWNER)}).status == 429


@pytest.mark.parametrize("pairs", [[], [("token", "")], [("token", "x"), ("token", "x")], [("token_type_hint", "refresh_token")]], ids=["none", "empty", "twice", "only a hint"])
@pytest.mark.parametrize("at", ["public", "admin"])
def test_a_request_without_exactly_one_token_is_invalid_request(hydrant, pairs, at):
    if at == "admin":
        answer = hydrant.admin.request("POST", "/admin/oauth2/introspect", form(pairs), FORM)
    else:
        answer = hydrant.public.request("POST", "/oauth2/introspect", form(pairs), {**FORM, "Authorization": basic(*API)})
    assert answer.status == 400 and answer.json["error"] == "invalid_request", answer


@pytest.mark.parametrize("at, path", [("public", "/oauth2/introspect"), ("admin", "/admin/oauth2/introspect")])
def test_a_token_goes_into_a_form_and_nowhere_else(hydrant, session, at, path):
    port, token, who = getattr(hydrant, at), hydrant.exchange(session).json["access_token"], {"Authorization": basic(*API)} if at == "public" else {}
    assert port.request("POST", path, json.dumps({"token": token}), {**who, "Content-Type": "application/json"}).status == 415
    answer = port.request("GET", path + "?token=" + token, headers=who)
    assert answer.status == 405 and answer.header("Allow") == "POST"
    assert port.request("POST", path + "?token=" + token, "", {**who, **FORM}).status == 400


def test_no_page_may_ask(hydrant, session):
    token = hydrant.exchange(session).json["access_token"]
    answer = hydrant.introspect(token, API, {"Origin": "https://app.example.com"})
    assert answer.status == 200 and not [name for name, _ in answer.headers if name.lower().startswith("access-control")]
    assert hydrant.public.request("OPTIONS", "/oauth2/introspect", headers={"Origin": "https://app.example.com"}).status == 405


def test_kratos_is_not_asked_and_may_be_away(hydrant, kratos, session):
    said = owned(hydrant, session)
    kratos.fault(path="all", drop=True, count=-1)
    before = kratos.counts()
    assert is_active(hydrant, said["access_token"]) and is_active(hydrant, said["refresh_token"], OWNER) and admin(hydrant, said["refresh_token"]).json["active"]
    assert kratos.counts() == before


def test_below_the_issuer_s_path_it_is_there_too(launch, session):
    hydrant = launch({"urls": {"self": {"issuer": "http://localhost:4477/tenant"}}})
    token = hydrant.exchange(session).json["access_token"]
    answer = hydrant.public.request("POST", "/tenant/oauth2/introspect", form({"token": token}), {**FORM, "Authorization": basic(*API)})
    assert says(answer)["active"] is True
    assert hydrant.public.get("/.well-known/oauth-authorization-server").json["introspection_endpoint"] == "http://localhost:4477/tenant/oauth2/introspect"


def test_the_log_says_why_and_holds_no_token(hydrant, session):
    said = owned(hydrant, session)
    lines = [hydrant.line_of(hydrant.introspect(token, OWNER)) for token in (said["refresh_token"], said["access_token"], "garbage-of-someone")]
    assert [(line["endpoint"], line["outcome"]) for line in lines] == [("introspect", "active")] * 2 + [("introspect", "inactive")]
    assert "reason" in lines[2] and "reason" not in lines[0]
    assert hydrant.line_of(admin(hydrant, said["access_token"]))["endpoint"] == "introspect_admin"
    assert said["refresh_token"][4:40] not in hydrant.log and "eyJ" not in hydrant.log and "garbage-of-someone" not in hydrant.log


# ---- RFC 9701 ----

def opened(hydrant, answer):
    assert answer.status == 200 and answer.header("Content-Type") == "application/token-introspection+jwt" and answer.header("Cache-Control") == "no-store", answer
    token = jws.JWS()
    token.deserialize(answer.body.decode())
    header = header_of(answer.body.decode())
    token.verify(jwk.JWKSet.from_json(json.dumps(hydrant.jwks())).get_key(header["kid"]))
    assert header["typ"] == "token-introspection+jwt"
    return header, json.loads(token.payload)


def test_rfc_9701_5_the_answer_is_a_signed_jwt_for_who_asks(hydrant, session):
    token = hydrant.exchange(session).json["access_token"]
    header, claims = opened(hydrant, hydrant.introspect(token, API, JWT))
    assert header["alg"] == "ES256"
    assert claims["iss"] == "http://localhost:4477" and claims["aud"] == API[0] and abs(claims["iat"] - time.time()) <= 2
    assert claims["token_introspection"] == hydrant.introspect(token, API).json
    assert set(claims) == {"iss", "aud", "iat", "token_introspection"}  # no sub, no exp: it is no access token


def test_rfc_9701_5_what_is_not_for_who_asks_is_inactive_in_it(hydrant, session):
    token = hydrant.exchange(session).json["access_token"]
    for what in (token, "garbage"):
        _, claims = opened(hydrant, hydrant.introspect(what, SHOP, {"Accept": "application/json;q=0.5, application/token-introspection+jwt"}))
        assert claims["token_introspection"] == {"active": False} and claims["aud"] == SHOP[0]


def test_rfc_9701_5_a_token_for_another_is_inactive_in_it_though_it_is_one_s_own(hydrant, session):
    token = owned(hydrant, session)["access_token"]
    assert is_active(hydrant, token, OWNER)
    _, claims = opened(hydrant, hydrant.introspect(token, OWNER, JWT))
    assert claims["token_introspection"] == {"active": False}


@pytest.mark.parametrize("accept, as_jwt", [
    ("Application/Token-Introspection+JWT", True),
    ("application/token-introspection+jwt;q=0.1, application/json", True),
    ("application/json, application/token-introspection+jwt;q=0", False),
    ("application/token-introspection+jwt-x", False),
])
def test_rfc_9701_4_it_comes_where_accept_names_it(hydrant, accept, as_jwt):
    answer = hydrant.introspect("garbage", API, {"Accept": accept})
    assert answer.header("Content-Type") == ("application/token-introspection+jwt" if as_jwt else "application/json")


def test_it_is_signed_with_the_default_algorithm_that_the_metadata_names(launch, own_dsn, session):
    hydrant = launch({"dsn": own_dsn(), "keys": BOTH_ALGORITHMS, "access_token": {"algorithm": "RS256", "resources": {"https://x.example.com": {"algorithm": "ES256"}}}})
    header, _ = opened(hydrant, hydrant.introspect(hydrant.exchange(session).json["access_token"], API, JWT))
    assert [header["alg"]] == hydrant.public.get("/.well-known/oauth-authorization-server").json["introspection_signing_alg_values_supported"] == ["RS256"]


def test_such_a_jwt_is_no_access_token(hydrant, session):
    told = hydrant.introspect(hydrant.exchange(session).json["access_token"], API, JWT).body.decode()
    assert not is_active(hydrant, told, API) and admin(hydrant, told).body == INACTIVE
    answer = hydrant.revoke(told)
    assert answer.status == 200 and hydrant.line_of(answer)["outcome"] == "nothing_to_revoke"


def test_a_refusal_is_json_whatever_is_asked_for(hydrant):
    answer = hydrant.introspect("x", (API[0], "wrong"), JWT)
    assert answer.status == 401 and answer.header("Content-Type") == "application/json"


# ---- the admin API's ----

def test_hydra_s_shape_the_admin_port_tells_of_any_token(hydrant, session):
    said = owned(hydrant, session, scope="api")
    access, refresh = admin(hydrant, said["access_token"]), admin(hydrant, said["refresh_token"])
    assert access.status == refresh.status == 200 and access.header("Cache-Control") == "no-store"
    for told, use in ((access.json, "access_token"), (refresh.json, "refresh_token")):
        assert told["active"] is True and told["token_use"] == use and told["client_id"] == OWNER[0] and told["sub"] == session["identity_id"] and told["scope"] == "api"
        assert told["aud"] == ["https://api.example.com"] and told["iss"] == "http://localhost:4477" and told["iat"] <= time.time() < told["exp"]
        assert told["ext"]["email"] == claims_of(said["access_token"])["email"]
    assert access.json["token_type"] == "Bearer"
    assert hydrant.introspect(said["access_token"], OWNER).json == access.json and hydrant.introspect(said["refresh_token"], OWNER).json == refresh.json


def test_hydra_s_scope_a_token_without_all_of_it_is_inactive(hydrant, session):
    said = owned(hydrant, session, scope="api")
    for kind in ("access_token", "refresh_token"):
        assert admin(hydrant, said[kind], scope="api").json["active"] is True
        assert admin(hydrant, said[kind], scope="api read").body == INACTIVE and admin(hydrant, said[kind], scope="ap").body == INACTIVE


def test_a_public_client_s_refresh_token_is_known_there(hydrant, session):
    token = hydrant.exchange(session, client="mobile").json["refresh_token"]
    assert admin(hydrant, token).json["client_id"] == "mobile"
    assert admin(hydrant, forged(token)).body == INACTIVE


def test_the_admin_port_keeps_its_rules(launch, session):
    token = "admin-token-of-at-least-32-characters"
    hydrant = launch({"serve": {"admin": {"token": token}}})
    what = form({"token": hydrant.exchange(session).json["access_token"]})
    ask = lambda headers: hydrant.admin.request("POST", "/admin/oauth2/introspect", what, {**FORM, **headers})
    assert ask({}).status == 401 and ask({"Authorization": "Bearer " + token}).json["active"] is True
    assert ask({"Authorization": "Bearer " + token, "Origin": "https://app.example.com"}).status == 403
    assert hydrant.public.request("POST", "/admin/oauth2/introspect", what, FORM).status == 404


# ---- what it costs ----

def test_garbage_and_others_refresh_tokens_cost_no_query_and_a_token_one(launch, postgres, session):
    from test_queries import count
    postgres.ask("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    hydrant = launch()
    said, other, free = owned(hydrant, session), hydrant.exchange(session).json["refresh_token"], hydrant.exchange(session, client="exchange-only").json["access_token"]
    nothing = [("garbage", API), (forged(said["refresh_token"]), OWNER), (other, OWNER), (other, API), (said["refresh_token"], API), (forged(said["access_token"]), API),
               (said["access_token"], SHOP), (free, API)]
    assert count(postgres, lambda: [says(hydrant.introspect(token, client)) for token, client in nothing * 10]) == {}
    assert count(postgres, lambda: [hydrant.public.request("POST", "/oauth2/introspect", form({"token": said["access_token"], "client_id": "unknown"}), FORM) for _ in range(10)]) == {}
    cost = count(postgres, lambda: [says(hydrant.introspect(token, OWNER)) for token in (said["access_token"], said["refresh_token"]) * 10])
    assert list(cost.values()) == [20] and "UPDATE" not in list(cost)[0], cost
