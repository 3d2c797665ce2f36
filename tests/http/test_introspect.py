"""Introspection: RFC 7662, RFC 9701, and the admin API's as Hydra has it (docs/introspection.md)."""
import json
import time

import pytest
from jwcrypto import jwk, jws

from parts import BOTH_ALGORITHMS, DEFAULT_CLIENTS, EXCHANGE, SECRETS, Hydrant, basic, claims_of, default_settings, form, header_of, merge

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
API = ("https://api.example.com", "secret-of-the-api-with-32-letters")         # a resource server: its audience is its client_id
SHOP = ("https://shop.example.com", "secret-of-the-shop-with-32-letters")      # another one
OWNER = ("owner", "secret-of-the-owner-with-32-letters")                       # a confidential client that refreshes
JWT = {"Accept": "application/token-introspection+jwt"}
INACTIVE = b'{"active":false}'


def confidential(pair, **record):
    return {"client_id": pair[0], "client_secret": pair[1], **record}


CLIENTS = DEFAULT_CLIENTS + [confidential(API), confidential(SHOP), confidential(OWNER, scope="api read offline_access")]


@pytest.fixture(scope="module")
def hydrant(kratos, fresh_dsn, migrated):
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {"clients": CLIENTS}))
    yield server
    server.stop()


@pytest.fixture
def launch(start):
    return lambda changes=None, **options: start({"clients": CLIENTS, **(changes or {})}, **options)


def owned(hydrant, session, **parameters):
    """what the exchange says to the confidential client"""
    answer = hydrant.exchange(session, client=None, headers={"Authorization": basic(*OWNER)}, **parameters)
    assert answer.status == 200, answer
    return answer.json


def owner_refreshes(hydrant, token):
    return hydrant.refresh(token, client=None, headers={"Authorization": basic(*OWNER)})


def owner_revokes(hydrant, token):
    answer = hydrant.public.request("POST", "/oauth2/revoke", form({"token": token}), {**FORM, "Authorization": basic(*OWNER)})
    assert answer.status == 200, answer


def says(answer):
    assert answer.status == 200 and answer.header("Cache-Control") == "no-store" and answer.header("Pragma") == "no-cache", answer
    assert answer.header("Content-Type") == "application/json"
    return answer.json


def is_active(hydrant, token, client=API):
    answer = hydrant.introspect(token, client)
    said = says(answer)
    assert said["active"] is True or answer.body == INACTIVE, answer
    return said["active"]


def admin(hydrant, token, **parameters):
    return hydrant.admin.request("POST", "/admin/oauth2/introspect", form({"token": token, **parameters}), FORM)


def forged(token):
    at = len(token) - 20
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]


# ---- access tokens ----

def test_rfc_7662_2_2_a_resource_server_is_told_of_a_token_that_is_for_it(hydrant, session):
    token = hydrant.exchange(session, client="mobile").json["access_token"]
    claims = claims_of(token)
    said = says(hydrant.introspect(token, API))
    ext = {name: claims.pop(name) for name in ("email", "plan") if name in claims}
    assert said == {"active": True, "token_type": "Bearer", "token_use": "access_token", "ext": ext, **claims}
    assert said["aud"] == [API[0]] and said["client_id"] == "mobile" and said["sub"] == session["identity_id"] and said["scope"] == "api read write"


def test_a_client_is_told_of_its_own_token(hydrant, session):
    assert is_active(hydrant, owned(hydrant, session)["access_token"], OWNER)


def test_rfc_7662_4_a_token_for_others_is_inactive(hydrant, session):
    token = hydrant.exchange(session, client="mobile").json["access_token"]
    assert not is_active(hydrant, token, SHOP) and not is_active(hydrant, token, OWNER)
    assert is_active(hydrant, token, API)


def test_a_claim_that_is_called_active_changes_nothing(launch, session):
    hydrant = launch({"access_token": {"claims": {"active": "false", "token_use": '"refresh_token"', "username": ".identity.traits.email"}}})
    token = hydrant.exchange(session).json["access_token"]
    answer = hydrant.introspect(token, API)
    assert says(answer)["active"] is True and answer.body.count(b'"active"') == 2  # once as a mapped claim
    assert answer.json["token_use"] == "access_token" and answer.json["ext"]["active"] is False and "username" not in answer.json
    owner_revoked = hydrant.exchange(session)
    hydrant.revoke(owner_revoked.json["refresh_token"])
    assert hydrant.introspect(owner_revoked.json["access_token"], API).body == INACTIVE


@pytest.mark.parametrize("by", ["refresh_token", "access_token"])
def test_an_access_token_is_inactive_as_soon_as_its_grant_is_revoked(hydrant, session, by):
    said = hydrant.exchange(session).json
    assert is_active(hydrant, said["access_token"])
    hydrant.revoke(said[by])
    assert not is_active(hydrant, said["access_token"])


def test_one_that_a_refresh_brought_belongs_to_the_same_grant(launch, session):
    hydrant = launch({"refresh_token": {"coalesce": "0s"}})
    said = hydrant.exchange(session).json
    later = hydrant.refresh(said["refresh_token"]).json
    assert is_active(hydrant, said["access_token"]) and is_active(hydrant, later["access_token"])
    hydrant.revoke(later["refresh_token"])
    assert not is_active(hydrant, said["access_token"]) and not is_active(hydrant, later["access_token"])


def test_one_without_a_grant_is_active_by_itself_until_its_time_is_over(launch, session):
    hydrant = launch({"access_token": {"ttl": "2s"}})
    token = hydrant.exchange(session, client="exchange-only").json["access_token"]
    assert "." not in claims_of(token)["jti"] and is_active(hydrant, token)
    time.sleep(max(0, claims_of(token)["exp"] - time.time()) + 0.05)
    assert not is_active(hydrant, token)


def test_one_of_a_grant_that_nobody_used_any_more_is_inactive(launch, session):
    hydrant = launch({"refresh_token": {"idle_ttl": "1s"}})
    token = hydrant.exchange(session).json["access_token"]
    assert is_active(hydrant, token)
    time.sleep(1.1)
    assert claims_of(token)["exp"] > time.time() + 60 and not is_active(hydrant, token)


def test_the_grant_ends_with_the_session_and_the_token_with_the_grant(launch, kratos, session):
    hydrant = launch({"kratos": {"session": {"revalidate_after": "0s"}}})
    said = hydrant.exchange(session).json
    kratos.do(session, "revoke")
    assert is_active(hydrant, said["access_token"])  # nobody has looked yet
    assert hydrant.refresh(said["refresh_token"]).status == 400
    assert not is_active(hydrant, said["access_token"])


def test_a_token_by_a_key_that_retires_is_active_and_by_a_revoked_one_it_is_not(launch, own_dsn, session):
    hydrant = launch({"dsn": own_dsn()})
    token = hydrant.exchange(session).json["access_token"]
    assert hydrant.admin.post_json("/admin/keys/rotate", {"force": True}).status == 200
    assert header_of(hydrant.exchange(session).json["access_token"])["kid"] != header_of(token)["kid"]
    assert is_active(hydrant, token)
    assert hydrant.admin.request("DELETE", "/admin/keys/" + header_of(token)["kid"]).status == 200
    assert not is_active(hydrant, token)


def test_a_token_of_another_issuer_is_inactive(launch, session, on_postgres):
    """a server that shares the keys, under another name"""
    if not on_postgres:
        pytest.skip("two servers need Postgres")
    one, other = launch(), launch({"urls": {"self": {"issuer": "http://localhost:4488"}}})
    token = other.exchange(session).json["access_token"]
    assert is_active(other, token) and not is_active(one, token)


@pytest.mark.parametrize("what", [
    lambda said: "unknown", lambda said: "hrt_", lambda said: forged(said["refresh_token"]), lambda said: said["refresh_token"][:-1], lambda said: said["refresh_token"] + "A",
    lambda said: forged(said["access_token"]), lambda said: ".".join(said["access_token"].split(".")[:2]) + ".", lambda said: "eyJhbGciOiJub25lIn0." + said["access_token"].split(".")[1] + ".",
    lambda said: " ", lambda said: "a.b.c", lambda said: "x" * 8000, lambda said: "\x00\x01".encode("utf-8").hex(),
], ids=["unknown", "the prefix", "forged", "short", "long", "a signature of nobody", "no signature", "alg none", "a space", "no JWT", "very long", "hexadecimal"])
@pytest.mark.parametrize("client", [API, OWNER, None], ids=["resource server", "owner", "admin"])
def test_rfc_7662_2_2_what_is_no_token_is_inactive_and_no_more_is_said(hydrant, session, what, client):
    said = owned(hydrant, session)
    answer = admin(hydrant, what(said)) if client is None else hydrant.introspect(what(said), client)
    assert answer.status == 200 and answer.body == INACTIVE, answer
    assert owner_refreshes(hydrant, said["refresh_token"]).status == 200


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "saml2", "x" * 300])
def test_rfc_7662_2_1_the_hint_is_only_a_hint(hydrant, session, hint):
    said = owned(hydrant, session)
    for kind in ("access_token", "refresh_token"):
        assert says(hydrant.introspect(said[kind], OWNER, token_type_hint=hint))["token_use"] == kind


# ---- refresh tokens ----

def test_a_client_is_told_of_its_own_refresh_token(hydrant, kratos):
    session = kratos.session(lifespan_s=3600)
    said = owned(hydrant, session)
    told = says(hydrant.introspect(said["refresh_token"], OWNER))
    claims = claims_of(said["access_token"])
    assert abs(told["exp"] - (time.time() + said["refresh_token_timeout"])) <= 2 and abs(told["iat"] - time.time()) <= 2
    assert told["ext"]["email"] == claims["email"]
    for name in ("iss", "sub", "aud", "client_id", "sid", "scope", "auth_time", "acr", "amr"):
        assert told[name] == claims[name], name
    assert told["token_use"] == "refresh_token" and "token_type" not in told and told["active"] is True
    assert said["refresh_token"] not in json.dumps(told) and "jti" not in told


def test_a_refresh_token_of_another_client_is_inactive_for_a_resource_server_too(hydrant, session):
    token = owned(hydrant, session)["refresh_token"]
    public = hydrant.exchange(session).json["refresh_token"]
    assert [is_active(hydrant, t, c) for t in (token, public) for c in (API, SHOP, "backend")] == [False] * 6
    assert not is_active(hydrant, public, OWNER)


def test_the_newest_and_the_one_before_get_the_same_answer(launch, session):
    hydrant = launch({"refresh_token": {"coalesce": "0s"}})
    first = owned(hydrant, session)["refresh_token"]
    second = owner_refreshes(hydrant, first).json["refresh_token"]
    assert first != second
    assert hydrant.introspect(first, OWNER).body == hydrant.introspect(second, OWNER).body != INACTIVE


def test_one_that_would_be_refused_as_used_again_is_inactive_and_asking_ends_nothing(launch, session):
    hydrant = launch({"refresh_token": {"coalesce": "0s", "grace": "60s"}})
    family = [owned(hydrant, session)["refresh_token"]]
    for _ in range(3):
        family.append(owner_refreshes(hydrant, family[-1]).json["refresh_token"])
    assert [is_active(hydrant, token, OWNER) for token in family] == [False, True, True, True]  # low_gen is the second: r2 goes that far
    assert owner_refreshes(hydrant, family[3]).status == 200
    assert not hydrant.log_lines("reuse")


def test_after_the_grace_only_the_newest_and_the_proven_one_are_active(launch, session):
    hydrant = launch({"refresh_token": {"coalesce": "0s", "grace": "1s"}})
    family = [owned(hydrant, session)["refresh_token"]]
    for _ in range(3):
        family.append(owner_refreshes(hydrant, family[-1]).json["refresh_token"])
    time.sleep(1.1)
    told = [is_active(hydrant, token, OWNER) for token in family]
    assert told == [False, False, True, True]
    assert owner_refreshes(hydrant, family[2]).status == 200  # r3, as introspection said
    time.sleep(1.1)
    assert is_active(hydrant, family[2], OWNER) and not is_active(hydrant, family[3], OWNER)  # the generation between is void


def test_asking_renews_nothing(launch, session):
    hydrant = launch({"refresh_token": {"idle_ttl": "2s", "absolute_ttl": "1h"}})
    token = owned(hydrant, session)["refresh_token"]
    until = time.monotonic() + 2.2
    while time.monotonic() < until:
        is_active(hydrant, token, OWNER)
        time.sleep(0.2)
    assert not is_active(hydrant, token, OWNER)
    assert owner_refreshes(hydrant, token).json["error"] == "invalid_grant"


def test_revoked_it_is_inactive(hydrant, session):
    token = owned(hydrant, session)["refresh_token"]
    owner_revokes(hydrant, token)
    assert not is_active(hydrant, token, OWNER) and admin(hydrant, token).body == INACTIVE


def test_past_its_session_s_known_end_it_is_inactive_and_with_offline_access_it_is_not(hydrant, kratos):
    session = kratos.session(lifespan_s=3)
    bound, offline = owned(hydrant, session)["refresh_token"], owned(hydrant, session, scope="api offline_access")["refresh_token"]
    assert is_active(hydrant, bound, OWNER) and is_active(hydrant, offline, OWNER)
    time.sleep(3.1)
    assert not is_active(hydrant, bound, OWNER) and is_active(hydrant, offline, OWNER)


def made_client(hydrant, client_id, **record):
    answer = hydrant.admin.post_json("/admin/clients", {"client_id": client_id, "scope": "api", **record})
    assert answer.status == 201, answer
    return (client_id, answer.json.get("client_secret"))


def test_a_deleted_client_s_tokens_are_inactive_and_one_made_anew_inherits_none(hydrant, session):
    pair = made_client(hydrant, "made-%d" % time.monotonic_ns())
    said = hydrant.exchange(session, client=None, headers={"Authorization": basic(*pair)}).json
    assert is_active(hydrant, said["refresh_token"], pair) and admin(hydrant, said["refresh_token"]).json["active"]
    assert hydrant.admin.request("DELETE", "/admin/clients/" + pair[0]).status == 204
    assert not is_active(hydrant, said["access_token"]) and admin(hydrant, said["refresh_token"]).body == INACTIVE
    again = made_client(hydrant, pair[0])
    assert not is_active(hydrant, said["refresh_token"], again) and not is_active(hydrant, said["access_token"], again)


def test_of_a_client_that_may_not_refresh_any_more_it_is_inactive(launch, fresh_dsn, session):
    dsn = fresh_dsn()
    before = launch({"dsn": dsn})
    token = owned(before, session)["refresh_token"]
    before.stop()
    after = launch({"dsn": dsn, "clients": [confidential(OWNER, scope="api read", grant_types=[EXCHANGE])]})
    assert not is_active(after, token, OWNER) and admin(after, token).body == INACTIVE
    assert owner_refreshes(after, token).status == 400


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


# ---- more than one server ----

@pytest.fixture
def two(launch, on_postgres):
    if not on_postgres:
        pytest.skip("two servers need Postgres")
    return launch(), launch()


def test_revoked_on_one_server_it_is_inactive_on_the_other_at_once(two, session):
    one, other = two
    for _ in range(20):
        said = owned(one, session)
        assert is_active(other, said["access_token"]) and is_active(other, said["refresh_token"], OWNER) and admin(other, said["refresh_token"]).json["active"]
        owner_revokes(one, said["refresh_token"])
        assert not is_active(other, said["access_token"]) and not is_active(other, said["refresh_token"], OWNER) and admin(other, said["access_token"]).body == INACTIVE


def test_a_rotation_on_one_server_shows_on_the_other(two, session):
    one, other = two
    first = owned(one, session)["refresh_token"]
    second = owner_refreshes(one, first).json["refresh_token"]
    assert other.introspect(first, OWNER).body == other.introspect(second, OWNER).body != INACTIVE


def test_trouble_is_503_and_never_inactive(launch, postgres, session):
    hydrant = launch({"serve": {"workers": 1}})
    said, free = owned(hydrant, session), hydrant.exchange(session, client="exchange-only").json["access_token"]
    postgres.stop()
    try:
        for answer in (hydrant.introspect(said["access_token"], API), hydrant.introspect(said["refresh_token"], OWNER), hydrant.introspect(said["access_token"], API, JWT)):
            assert answer.status == 503 and answer.json["error"] == "temporarily_unavailable" and answer.header("Retry-After"), answer
        assert admin(hydrant, said["access_token"]).status == 503 and admin(hydrant, said["refresh_token"]).status == 503
        assert is_active(hydrant, free)  # nothing has to be asked for it
    finally:
        postgres.start()


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
