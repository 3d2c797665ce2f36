"""CORS: a preflight goes by the union of the registered origins, the real request by its client's own (OAuth 2.0 for Browser-Based Applications)."""
import secrets

import pytest

from parts import EXCHANGE, KRATOS_SESSION, form

APP, DB = "https://app.example.com", "https://db-%s.example.com" % secrets.token_hex(4)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ENDPOINTS = ["/oauth2/token", "/oauth2/revoke"]
SECRET = "web-app-secret-of-32-characters-1"


@pytest.fixture(scope="module")
def hydrant(kratos, fresh_dsn, migrated):
    from parts import DEFAULT_CLIENTS, Hydrant, default_settings, merge
    clients = DEFAULT_CLIENTS + [{"client_id": "local", "token_endpoint_auth_method": "none", "allowed_cors_origins": ["http://localhost:3000", "http://127.0.0.1:3000"]},
                                 {"client_id": "web", "client_secret": SECRET, "scope": "api", "allowed_cors_origins": [APP]}]
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {"clients": clients}))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def db_client(hydrant):
    """a client of the database with an origin of its own"""
    answer = hydrant.admin.post_json("/admin/clients", {"client_id": "cors-" + secrets.token_hex(4), "token_endpoint_auth_method": "none", "scope": "api", "allowed_cors_origins": [DB]})
    assert answer.status == 201, answer
    return answer.json["client_id"]


def preflight(hydrant, origin, path="/oauth2/token"):
    return hydrant.public.request("OPTIONS", path, headers={"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "dpop, content-type"})


def cors_headers(answer):
    return {name.lower(): value for name, value in answer.headers if name.lower().startswith("access-control-")}


# ---- the preflight ----

@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("origin", [APP, "http://localhost:3000", "http://127.0.0.1:3000", DB])
def test_a_preflight_is_allowed_for_an_origin_that_any_client_registered(hydrant, db_client, path, origin):
    answer = preflight(hydrant, origin, path)
    assert answer.status == 204
    assert answer.header("Access-Control-Allow-Origin") == origin
    assert answer.header("Access-Control-Allow-Credentials") == "true"
    assert answer.header("Access-Control-Allow-Methods") == "POST"
    assert answer.header("Access-Control-Allow-Headers") == "DPoP, Authorization, Content-Type, Idempotency-Key"
    assert int(answer.header("Access-Control-Max-Age")) > 0
    assert answer.header("Vary") == "Origin"


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("origin", [
    "https://evil.example.com", "null", "*", "", "https://app.example.com.evil.example", "https://app.example.com:8443", "https://app.example.com:443", "https://app.example.com/", "http://app.example.com",
    "HTTPS://app.example.com", "https://APP.example.com", "https://app.example.com https://evil.example.com", "http://localhost:3001", "https://xapp.example.com", "x" * 4000,
])
def test_a_preflight_for_any_other_origin_gets_nothing(hydrant, path, origin):
    answer = preflight(hydrant, origin, path)
    assert answer.status == 204 and cors_headers(answer) == {}
    assert answer.header("Vary") == "Origin"  # what was said to one must not be kept for another


def test_a_deleted_client_s_origin_is_forgotten(hydrant):
    origin = "https://gone-%s.example.com" % secrets.token_hex(4)
    made = hydrant.admin.post_json("/admin/clients", {"token_endpoint_auth_method": "none", "allowed_cors_origins": [origin]}).json
    assert cors_headers(preflight(hydrant, origin))
    hydrant.admin.request("DELETE", "/admin/clients/" + made["client_id"])
    assert cors_headers(preflight(hydrant, origin)) == {}


# ---- the real request ----

def exchange(hydrant, session, client, origin, authorization=None, **changes):
    pairs = {"grant_type": EXCHANGE, "subject_token": session["session_token"], "subject_token_type": KRATOS_SESSION, **({"client_id": client} if client else {}), **changes}
    headers = {**FORM, **({"Origin": origin} if origin is not None else {}), **({"Authorization": authorization} if authorization else {})}
    return hydrant.public.request("POST", "/oauth2/token", form(pairs), headers)


def assert_for(answer, origin):
    assert cors_headers(answer) == {
        "access-control-allow-origin": origin, "access-control-allow-credentials": "true", "access-control-expose-headers": "DPoP-Nonce, WWW-Authenticate, Retry-After, X-Request-Id"}
    assert answer.header("Vary") == "Origin"


def test_an_answer_may_be_read_from_the_client_s_own_origin(hydrant, session):
    answer = exchange(hydrant, session, "spa", APP)
    assert answer.status == 200
    assert_for(answer, APP)


def test_a_client_of_the_database_has_its_own_origins(hydrant, db_client, session):
    answer = exchange(hydrant, session, db_client, DB)
    assert answer.status == 200
    assert_for(answer, DB)
    assert cors_headers(exchange(hydrant, session, db_client, APP)) == {}


@pytest.mark.parametrize("client, origin", [("mobile", APP), ("spa", "http://localhost:3000"), ("spa", "https://evil.example.com"), ("spa", "null"), ("spa", "https://APP.example.com"), ("spa", "*"), ("spa", "")])
def test_an_origin_that_another_client_registered_gets_nothing(hydrant, session, client, origin):
    answer = exchange(hydrant, session, client, origin)
    assert answer.status == 200 and cors_headers(answer) == {}
    assert answer.header("Vary") == "Origin"


def test_without_an_origin_nothing_is_said_but_that_it_matters(hydrant, session):
    answer = exchange(hydrant, session, "spa", None)
    assert cors_headers(answer) == {} and answer.header("Vary") == "Origin"


@pytest.mark.parametrize("changes, status", [
    ({"scope": "admin"}, 400), ({"subject_token": "ory_st_unknown"}, 400), ({"subject_token": ""}, 400), ({"grant_type": "password"}, 400), ({"grant_type": ""}, 400), ({"resource": "https://nobody.example"}, 400),
    ({"client_secret": "one-that-it-does-not-have"}, 401),
])
def test_a_refusal_may_be_read_from_the_client_s_own_origin(hydrant, session, changes, status):
    answer = exchange(hydrant, session, "spa", APP, **changes)
    assert answer.status == status, answer
    assert_for(answer, APP)
    assert cors_headers(exchange(hydrant, session, "spa", "https://evil.example.com", **changes)) == {}


def test_the_refusal_of_a_parameter_that_repeats_may_be_read_too(hydrant):
    for body in ("client_id=spa&scope=a&scope=b", "scope=a&scope=b&client_id=spa"):
        answer = hydrant.public.request("POST", "/oauth2/token", body, {**FORM, "Origin": APP})
        assert answer.status == 400
        assert_for(answer, APP)
    assert cors_headers(hydrant.public.request("POST", "/oauth2/token", "client_id=spa", {"Content-Type": "application/json", "Origin": APP})) == {}


def test_a_wrong_secret_may_be_read_from_the_client_s_own_origin(hydrant, session):
    from parts import basic
    answer = exchange(hydrant, session, None, APP, basic("web", "wrong"))
    assert answer.status == 401 and answer.header("WWW-Authenticate")
    assert_for(answer, APP)


def test_kratos_trouble_may_be_read_from_the_client_s_own_origin(hydrant, kratos, session):
    kratos.fault(path="whoami", status=500, count=-1)
    answer = exchange(hydrant, session, "spa", APP)
    assert answer.status == 503
    assert_for(answer, APP)


def test_a_revocation_may_be_read_from_the_client_s_own_origin(hydrant):
    for parameters, status in (({"token": "x"}, 200), ({}, 400)):
        answer = hydrant.public.request("POST", "/oauth2/revoke", form({**parameters, "client_id": "spa"}), {**FORM, "Origin": APP})
        assert answer.status == status
        assert_for(answer, APP)


# ---- everything else ----

@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"])
@pytest.mark.parametrize("origin", [None, APP, "https://evil.example.com", "null"])
def test_the_public_documents_are_open_to_all_without_credentials(hydrant, path, origin):
    answer = hydrant.public.get(path, {} if origin is None else {"Origin": origin})
    assert cors_headers(answer) == {"access-control-allow-origin": "*"}


@pytest.mark.parametrize("method, path", [("GET", "/health/alive"), ("GET", "/health/ready"), ("GET", "/version"), ("GET", "/nothing"), ("OPTIONS", "/health/alive"), ("OPTIONS", "/version"), ("OPTIONS", "/nothing"),
                                          ("GET", "/oauth2/token"), ("PUT", "/oauth2/token")])
def test_nothing_else_has_cors(hydrant, method, path):
    answer = hydrant.public.request(method, path, headers={"Origin": APP, "Access-Control-Request-Method": "GET"})
    assert cors_headers(answer) == {}


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_the_admin_port_has_none(hydrant, method):
    answer = hydrant.admin.request(method, "/admin/clients", headers={"Origin": APP, "Access-Control-Request-Method": "POST"})
    assert answer.status == 403 and cors_headers(answer) == {}
