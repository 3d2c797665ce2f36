"""The public documents: the key set (docs/keys.md) and the server's metadata (RFC 8414)."""
import json

import pytest

from parts import BOTH_ALGORITHMS, Hydrant, claims_of, default_settings, merge, verify

JWKS = "/.well-known/jwks.json"
METADATA = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]


@pytest.fixture(scope="module")
def hydrant(kratos, fresh_dsn, migrated):
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {"keys": BOTH_ALGORITHMS}))
    yield server
    server.stop()


# ---- the key set ----

def test_rfc_7517_each_key_says_what_it_is_and_nothing_private(hydrant):
    keys = hydrant.jwks()["keys"]
    assert sorted(key["alg"] for key in keys) == ["ES256", "ES256", "RS256", "RS256"]  # one signs, one is ahead, for each
    assert len({key["kid"] for key in keys}) == 4
    for key in keys:
        assert key["use"] == "sig"
        assert set(key) == {"kty", "use", "alg", "kid"} | ({"crv", "x", "y"} if key["kty"] == "EC" else {"n", "e"})


MEMBERS = {"EC": {"crv", "x", "y"}, "RSA": {"n", "e"}, "OKP": {"crv", "x"}}
KINDS = {"ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "RS256": ("RSA", None), "PS256": ("RSA", None), "EdDSA": ("OKP", "Ed25519")}


def test_rfc_7518_6_rfc_8037_2_each_algorithm_s_keys_have_their_own_members(start, own_dsn):
    algorithms = ["EdDSA", "PS256", "ES384", "ES256", "RS256"]
    keys = start({"dsn": own_dsn(), "keys": {"algorithms": algorithms}}).jwks()["keys"]
    assert [key["alg"] for key in keys] == ["ES256"] * 2 + ["ES384"] * 2 + ["RS256"] * 2 + ["PS256"] * 2 + ["EdDSA"] * 2
    for key in keys:
        assert (key["kty"], key.get("crv")) == KINDS[key["alg"]]
        assert set(key) == {"kty", "use", "alg", "kid"} | MEMBERS[key["kty"]]
        from jwcrypto import jwk
        assert jwk.JWK(**key).thumbprint() == key["kid"]


def test_the_key_set_shows_the_algorithms_in_use_and_no_other(start, own_dsn):
    hydrant = start({"dsn": own_dsn(), "keys": {"algorithms": ["EdDSA"]}, "access_token": {"algorithm": "EdDSA"}})
    assert {key["alg"] for key in hydrant.jwks()["keys"]} == {"EdDSA"}
    # RFC 8414 2 has no name for what access tokens are signed with (RFC 9068 4 sends resource servers to jwks_uri), RFC 9701 7 has one for introspection
    said = hydrant.public.get(METADATA[0]).json
    assert {name: said[name] for name in said if "signing_alg" in name} == {"introspection_signing_alg_values_supported": ["EdDSA"]}


def test_rfc_7638_the_kid_is_the_thumbprint(hydrant):
    from jwcrypto import jwk
    for key in hydrant.jwks()["keys"]:
        assert jwk.JWK(**key).thumbprint() == key["kid"]


def test_a_token_verifies_by_the_key_that_it_names(hydrant, session):
    assert verify(hydrant.exchange(session).json["access_token"], hydrant.jwks())["sub"] == session["identity_id"]


def test_the_key_set_may_be_kept_and_read_by_everyone(hydrant):
    answer = hydrant.public.get(JWKS)
    assert answer.status == 200
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Cache-Control") == "public, max-age=900, stale-while-revalidate=60, stale-if-error=900"
    assert answer.header("Access-Control-Allow-Origin") == "*" and answer.header("Access-Control-Allow-Credentials") is None
    assert answer.header("ETag").startswith('"')  # a strong one
    assert "Accept" in answer.header("Vary")


def test_max_age_is_the_settings(start):
    answer = start({"keys": {"jwks_max_age": "5m"}}).public.get(JWKS)
    assert answer.header("Cache-Control") == "public, max-age=300, stale-while-revalidate=60, stale-if-error=300"


@pytest.mark.parametrize("accept, answered", [
    (None, "application/json"), ("*/*", "application/json"), ("application/json", "application/json"), ("text/html", "application/json"),
    ("application/jwk-set+json", "application/jwk-set+json"), ("application/jwk-set+json, application/json;q=0.9", "application/jwk-set+json"),
])
def test_the_content_type_follows_accept(hydrant, accept, answered):
    assert hydrant.public.get(JWKS, {} if accept is None else {"Accept": accept}).header("Content-Type") == answered


def test_it_is_the_same_bytes_from_every_worker_each_time(hydrant):
    answers = [hydrant.public.get(JWKS) for _ in range(12)]
    assert len({a.body for a in answers}) == 1 and len({a.header("ETag") for a in answers}) == 1


def test_it_is_the_same_bytes_after_a_restart(start):
    first = start()
    before = first.public.get(JWKS)
    settings = first.settings
    first.stop()
    after = start(settings).public.get(JWKS)
    assert after.body == before.body and after.header("ETag") == before.header("ETag")


@pytest.mark.parametrize("sent", ["{etag}", "W/{etag}", '"other", {etag}', '"other",W/{etag} , "more"', "*"])
def test_rfc_9110_13_1_2_who_has_it_already_gets_304(hydrant, sent):
    etag = hydrant.public.get(JWKS).header("ETag")
    answer = hydrant.public.get(JWKS, {"If-None-Match": sent.format(etag=etag)})
    assert answer.status == 304 and answer.body == b""
    assert answer.header("ETag") == etag and "max-age" in answer.header("Cache-Control") and answer.header("Access-Control-Allow-Origin") == "*"


@pytest.mark.parametrize("sent", ['"other"', "", "{bare}", '"{bare}x"'])
def test_who_has_another_gets_it_all(hydrant, sent):
    etag = hydrant.public.get(JWKS).header("ETag")
    assert hydrant.public.get(JWKS, {"If-None-Match": sent.format(bare=etag.strip('"'))}).status == 200


@pytest.mark.parametrize("path", [JWKS, *METADATA])
def test_head_is_get_without_the_body(hydrant, path):
    get, head = hydrant.public.get(path), hydrant.public.request("HEAD", path)
    assert head.status == 200 and head.body == b""
    for name in ("Content-Length", "Content-Type", "ETag", "Cache-Control", "Access-Control-Allow-Origin"):
        assert head.header(name) == get.header(name)
    assert int(head.header("Content-Length")) == len(get.body)


def test_an_answer_is_not_compressed_behind_the_back_of_its_etag(hydrant):
    answer = hydrant.public.get(JWKS, {"Accept-Encoding": "gzip, br"})
    assert answer.header("Content-Encoding") is None and json.loads(answer.body)["keys"]


# ---- the metadata ----

@pytest.mark.parametrize("path", METADATA)
def test_rfc_8414_2_the_metadata_has_the_fields_that_clients_look_for(hydrant, path):
    answer = hydrant.public.get(path)
    assert answer.status == 200 and answer.header("Content-Type") == "application/json"
    assert answer.header("Access-Control-Allow-Origin") == "*" and answer.header("Access-Control-Allow-Credentials") is None
    assert answer.json == {
        "issuer": "http://localhost:4477",
        "token_endpoint": "http://localhost:4477/oauth2/token",
        "revocation_endpoint": "http://localhost:4477/oauth2/revoke",
        "introspection_endpoint": "http://localhost:4477/oauth2/introspect",
        "jwks_uri": "http://localhost:4477/.well-known/jwks.json",
        "grant_types_supported": ["refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "revocation_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "introspection_signing_alg_values_supported": ["ES256"],
        "acr_values_supported": ["aal1", "aal2"],
        "refresh_token_expiration_types_supported": ["authorization", "credential"],
    }


def test_what_the_metadata_names_is_there(hydrant):
    said = hydrant.public.get(METADATA[0]).json
    for name, url in said.items():
        if name.endswith(("_endpoint", "_uri")):
            path = url.removeprefix(said["issuer"])
            assert hydrant.public.request("POST" if name.endswith("_endpoint") else "GET", path).status != 404, name


# ---- an issuer with a path ----

@pytest.fixture(scope="module")
def tenant(kratos, fresh_dsn, migrated):
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {"urls": {"self": {"issuer": "https://id.example.com/tenant/a"}}}))
    yield server
    server.stop()


@pytest.mark.parametrize("path", [
    "/.well-known/oauth-authorization-server/tenant/a", "/.well-known/openid-configuration/tenant/a",
    "/tenant/a/.well-known/openid-configuration", "/tenant/a/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration",
], ids=["RFC 8414 3.1", "RFC 8414 5", "OpenID Discovery 4", "behind the path", "a proxy took the path off", "a proxy took the path off, OpenID"])
def test_rfc_8414_3_an_issuer_s_path_is_honoured_in_both_forms(tenant, path):
    answer = tenant.public.get(path)
    assert answer.status == 200
    assert answer.json["issuer"] == "https://id.example.com/tenant/a"
    assert answer.json["token_endpoint"] == "https://id.example.com/tenant/a/oauth2/token"
    assert answer.json["jwks_uri"] == "https://id.example.com/tenant/a/.well-known/jwks.json"


@pytest.mark.parametrize("prefix", ["/tenant/a", ""])
def test_the_endpoints_answer_under_the_issuer_s_path(tenant, session, prefix):
    from parts import EXCHANGE, KRATOS_SESSION, form
    pairs = {"grant_type": EXCHANGE, "subject_token": session["session_token"], "subject_token_type": KRATOS_SESSION, "client_id": "spa"}
    answer = tenant.public.request("POST", prefix + "/oauth2/token", form(pairs), {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 200, answer
    assert claims_of(answer.json["access_token"])["iss"] == "https://id.example.com/tenant/a"
    verify(answer.json["access_token"], tenant.public.get(prefix + JWKS).json)
    preflight = tenant.public.request("OPTIONS", prefix + "/oauth2/token", headers={"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"})
    assert preflight.header("Access-Control-Allow-Origin") == "https://app.example.com"


@pytest.mark.parametrize("path", ["/tenant/oauth2/token", "/tenant/a/oauth2/tokens", "/tenant/b/oauth2/token", "/.well-known/oauth-authorization-server/tenant", "/.well-known/oauth-authorization-server/tenant/a/"])
def test_other_paths_are_nobody_s(tenant, path):
    assert tenant.public.get(path).status == 404


def test_rfc_8414_3_3_the_issuer_is_said_letter_for_letter_and_its_last_slash_doubles_none(start, session):
    hydrant = start({"urls": {"self": {"issuer": "https://ID.example.com/t/"}}})
    said = hydrant.public.get("/.well-known/oauth-authorization-server/t").json
    assert said["issuer"] == "https://ID.example.com/t/"
    assert said["token_endpoint"] == "https://ID.example.com/t/oauth2/token"
    assert hydrant.public.get("/t/.well-known/openid-configuration").json["issuer"] == "https://ID.example.com/t/"
    assert claims_of(hydrant.exchange(session).json["access_token"])["iss"] == "https://ID.example.com/t/"
