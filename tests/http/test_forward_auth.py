"""Forward-auth, as a reverse proxy asks for it: docs/forward-auth.md. What is kept for the next question: test_forward_auth_memory.py; with real proxies in front: test_proxies.py."""
import socket
import time
import urllib.parse

import pytest

from forward_auth_parts import API, APP, LOGIN, PAGE, PROFILES, SETTINGS, TRAEFIK, ask, cookie, location, proxied, token_of, whoamis  # noqa: F401
from parts import claims_of, verify

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]


# ---- a session in, a token out ----

def test_a_cookie_becomes_a_token_for_the_profiles_client_audience_and_scope(proxied, kratos, session):
    answer = ask(proxied, cookie(session))
    claims = verify(token_of(answer), proxied.jwks())
    assert claims["sub"] == session["identity_id"] and claims["sid"] == session["session_id"]
    assert (claims["aud"], claims["client_id"], claims["scope"]) == ([API], "spa", "api")
    assert claims["email"] and claims["acr"] == "aal1" and claims["amr"] == ["password"]
    assert claims["exp"] - claims["iat"] == 900
    assert "." not in claims["jti"]  # no grant is behind it
    assert answer.body == b"" and answer.header("Content-Length") == "0"
    assert answer.header("Cache-Control") == "no-store" and answer.header("Set-Cookie") is None


@pytest.mark.parametrize("headers", [
    lambda token: {"X-Session-Token": token},
    lambda token: {"Authorization": "Bearer " + token},
    lambda token: {"Authorization": "bearer " + token},
    lambda token: {"Authorization": "Basic Zm9vOmJhcg==", "X-Session-Token": token},
])
def test_a_session_token_becomes_one_too(proxied, session, headers):
    claims = verify(token_of(ask(proxied, headers(session["session_token"]))), proxied.jwks())
    assert claims["sid"] == session["session_id"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rest", ["", "/", "/a/b%2Fc?d=e", "//x"])
def test_any_method_and_any_path_behind_the_profile_asks_the_same(proxied, session, method, rest):
    assert token_of(ask(proxied, cookie(session), method=method, rest=rest))


def test_head_is_answered_as_well(proxied, session):
    assert token_of(ask(proxied, cookie(session), method="HEAD"))


def test_a_profile_without_audience_and_scope_gets_what_an_exchange_gets_that_names_none(proxied, session):
    claims = claims_of(token_of(ask(proxied, cookie(session), "plain")))
    assert (claims["aud"], claims["scope"], claims["client_id"]) == ([API], "api read write", "mobile")


def test_the_token_never_outlives_the_session(proxied, kratos):
    claims = claims_of(token_of(ask(proxied, cookie(kratos.session(lifespan_s=120)))))
    assert claims["exp"] - claims["iat"] in (119, 120)


def test_no_grant_is_stored(proxied, session):
    token = token_of(ask(proxied, cookie(session)))
    answer = proxied.revoke(token, "spa")
    assert answer.status == 400 and answer.json["error"] == "unsupported_token_type", answer


def test_the_clients_own_ttl_and_the_admin_metadata_serve_as_in_the_exchange(start, kratos):
    client = {"client_id": "brief", "token_endpoint_auth_method": "none", "scope": "api", "access_token": {"ttl": "2m"}}
    server = start({"serve": {"trusted_proxies": ["127.0.0.0/8"]}, "clients": [client], "forward_auth": {"profiles": {"app": {"client": "brief"}}},
                    "access_token": {"claims": {"roles": "$identity_admin.roles"}, "claims_use_admin_metadata": True}})
    claims = claims_of(token_of(ask(server, cookie(kratos.session()))))
    assert claims["exp"] - claims["iat"] == 120 and claims["roles"] == ["admin", "ops"]


def test_a_client_that_the_admin_api_made_serves_and_its_end_ends_what_was_kept(start, kratos, session):
    name = "made-%d" % time.time_ns()
    server = start({"serve": {"trusted_proxies": ["127.0.0.1"]}, "forward_auth": {"profiles": {"app": {"client": name, "scope": "api"}}}})
    assert ask(server, cookie(session)).status == 500  # not yet
    assert server.admin.post_json("/admin/clients", {"client_id": name, "token_endpoint_auth_method": "none", "scope": "api read"}).status == 201
    assert claims_of(token_of(ask(server, cookie(session))))["client_id"] == name
    assert server.admin.request("DELETE", "/admin/clients/" + name).status == 204
    answer = ask(server, cookie(session))
    assert answer.status == 500 and answer.json["error"] == "server_error", answer
    line = server.line_of(answer)
    assert name in line["reason"] and line["level"] == "error"


@pytest.mark.parametrize("profile, words", [
    ({"audience": ["https://other.example.com"]}, "target"),
    ({"scope": "api write"}, "scope"),
    ({}, "grant_types"),
])
def test_a_client_of_the_database_is_held_against_the_profile_at_each_look(start, session, profile, words):
    name = "made-%d" % time.time_ns()
    server = start({"serve": {"trusted_proxies": ["127.0.0.1"]}, "forward_auth": {"profiles": {"app": {"client": name, **profile}}}})
    server.admin.post_json("/admin/clients", {"client_id": name, "token_endpoint_auth_method": "none", "scope": "api", **({} if profile else {"grant_types": ["refresh_token"]})})
    answer = ask(server, cookie(session))
    assert answer.status == 500 and words in server.line_of(answer)["reason"], server.line_of(answer)


# ---- who may ask ----

@pytest.mark.parametrize("proxies", [[], ["10.0.0.0/8", "192.0.2.1"]])
def test_who_is_no_trusted_proxy_gets_a_403_and_kratos_is_not_asked(start, kratos, session, proxies):
    server = start({**SETTINGS, "serve": {"trusted_proxies": proxies}, "forward_auth": {"profiles": {"app": PROFILES["app"]}}})
    count, answer = whoamis(kratos, lambda: ask(server, {**cookie(session), **PAGE, "X-Forwarded-For": "127.0.0.1"}))
    assert (count, answer.status) == (0, 403) and answer.json["error"] == "access_denied", answer
    assert answer.header("Authorization") is None and answer.header("Location") is None
    assert "trusted_proxies" in server.line_of(answer)["reason"]
    assert ask(server, cookie(session), "no-such-profile").status == 403  # nor does he learn which there are


@pytest.mark.parametrize("path", ["no-such", "App", "app%00", "", "%2e%2e"])
def test_a_profile_that_is_not_there_is_404(proxied, session, path):
    answer = ask(proxied, cookie(session), path)
    assert answer.status == 404 and answer.header("Authorization") is None


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
@pytest.mark.parametrize("with_session", [True, False])
def test_no_answer_has_cors(proxied, session, method, with_session):
    answer = ask(proxied, {"Origin": APP, "Access-Control-Request-Method": "GET", **(cookie(session) if with_session else {})}, method=method)
    assert answer.status == (200 if with_session else 401)
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


# ---- credentials ----

def test_nothing_to_go_by_is_401_with_a_challenge_and_kratos_is_not_asked(proxied, kratos):
    count, answer = whoamis(kratos, lambda: ask(proxied, {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}))
    assert (count, answer.status) == (0, 401) and answer.json["error"] == "login_required"
    assert answer.header("WWW-Authenticate").startswith("Bearer realm=")
    assert answer.header("Location") is None and answer.header("Authorization") is None and answer.header("Cache-Control") == "no-store"


@pytest.mark.parametrize("own", ["Basic eDp5", "Bearer opaque", "Bearer eyJhbGciOiJub25lIn0.e30.", "ory_st_abc", "Bearer", "Negotiate x", ""])
def test_an_authorization_that_is_no_session_token_is_overlooked(proxied, kratos, session, own):
    assert token_of(ask(proxied, cookie(session), Authorization=own))
    count, answer = whoamis(kratos, lambda: ask(proxied, {"Authorization": own}))
    assert (count, answer.status) == (0, 401)


@pytest.mark.parametrize("headers", [
    {"Cookie": "ory_kratos_session=a b"},
    {"Cookie": "ory_kratos_session=a%0d%0aSet-Cookie:x"},
    {"Cookie": 'ory_kratos_session="quoted"'},
    {"Cookie": "ory_kratos_session="},
    {"Cookie": "ory_kratos_session=" + "A" * 16 * 1024},
    {"Cookie": "ory_kratos_session=MTc\tx"},
    {"Cookie": "ory_kratos_session=MTc\xe9"},
    {"X-Session-Token": "ory_st_ with spaces"},
    {"X-Session-Token": "A" * 600},
    {"X-Session-Token": ""},
    {"Authorization": "Bearer ory_st_;x"},
    {"Authorization": "Bearer  ory_st_abc"},
])
def test_a_malformed_credential_is_401_and_kratos_is_not_asked(proxied, kratos, headers):
    count, answer = whoamis(kratos, lambda: ask(proxied, headers))
    assert (count, answer.status) == (0, 401), answer


@pytest.mark.parametrize("line", ["Cookie: ory_kratos_session=a\rb", "Cookie: ory_kratos_session=a\r\n b", "Cookie: ory_kratos_session=a\nX: y"])
def test_a_cookie_with_cr_or_lf_is_no_http(proxied, line):
    with socket.create_connection(("127.0.0.1", proxied.public.port), timeout=10) as s:
        s.sendall(("GET /session/token/app HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n" % line).encode())
        status = s.recv(4096).split(b" ")[1]
    assert status in (b"400", b"401")


@pytest.mark.parametrize("headers", [
    lambda s, other: {"Cookie": "ory_kratos_session=%s; ory_kratos_session=%s" % (s["cookie"], other["cookie"])},
    lambda s, other: {"Cookie": "ory_kratos_session=%s; ory_kratos_session=%s" % (s["cookie"], s["cookie"])},
    lambda s, other: {"Cookie": "ory_kratos_session=%s; ory_kratos_session=%s" % (s["cookie"], s["cookie"]), "X-Session-Token": s["session_token"]},
    lambda s, other: {**cookie(s), "X-Session-Token": other["session_token"]},
    lambda s, other: {**cookie(s), "Authorization": "Bearer " + other["session_token"]},
    lambda s, other: {"X-Session-Token": s["session_token"], "Authorization": "Bearer " + other["session_token"]},
])
def test_two_credentials_are_none(proxied, kratos, session, headers):
    sent = headers(session, kratos.session())
    count, answer = whoamis(kratos, lambda: ask(proxied, sent))
    assert (count, answer.status) == (0, 401), answer


@pytest.mark.parametrize("name", ["X-Session-Token", "Authorization", "Cookie"])
def test_a_header_with_a_credential_twice_is_none(proxied, session, name):
    value = {"X-Session-Token": session["session_token"], "Authorization": "Bearer " + session["session_token"], "Cookie": "ory_kratos_session=" + session["cookie"]}[name]
    assert proxied.public.request("GET", "/session/token/app", None, [(name, value), (name, value)]).status == 401


@pytest.mark.parametrize("what", ["revoke", "expire", "disable", "forget"])
def test_a_session_that_ended_is_401(proxied, kratos, what):
    session = kratos.session()
    kratos.do(session, what)
    answer = ask(proxied, cookie(session))
    assert answer.status == 401 and answer.json["error"] == "login_required"


def test_no_credential_and_no_token_is_ever_logged(start, kratos, session):
    server = start({**SETTINGS, "log": {"level": "debug"}, "forward_auth": {"profiles": {"app": PROFILES["app"]}}})
    token = token_of(ask(server, cookie(session)))
    ask(server, {"X-Session-Token": session["session_token"], **cookie(session)})
    log = server.stop()
    for secret in (session["cookie"], session["session_token"], token, token.split(".")[2]):
        assert secret not in log


# ---- where a browser is sent ----


def test_a_browser_without_a_session_is_sent_to_the_login_and_may_come_back(proxied):
    answer = ask(proxied, {**PAGE, **TRAEFIK})
    assert location(answer) == (LOGIN, {"return_to": "https://app.example.com/orders?id=1&x=%2F"})
    assert answer.header("Cache-Control") == "no-store" and answer.header("Authorization") is None


def test_so_is_one_whose_session_ended(proxied, kratos, session):
    kratos.do(session, "revoke")
    assert location(ask(proxied, {**cookie(session), **PAGE, **TRAEFIK}))[1]["return_to"].startswith(APP)


def test_the_address_is_what_envoy_sends_behind_the_prefix(proxied):
    answer = ask(proxied, {**PAGE, "Host": "app.example.com", "X-Forwarded-Proto": "https"}, rest="/orders/1?a=b")
    assert location(answer) == (LOGIN, {"return_to": "https://app.example.com/orders/1?a=b"})


def test_a_login_url_with_a_query_keeps_it(proxied):
    assert location(ask(proxied, {**PAGE, **TRAEFIK}, "query"))[1] == {"aal": "aal1", "return_to": "https://app.example.com/orders?id=1&x=%2F"}


def test_a_proxy_that_can_pass_no_redirect_on_gets_the_page_in_the_location_of_the_401(proxied):
    answer = ask(proxied, {**PAGE, "X-Original-URL": APP + "/orders?id=1", "X-Original-Method": "GET"})
    assert answer.status == 401 and answer.json["error"] == "login_required"
    assert answer.header("Location") == LOGIN + "?return_to=https%3A%2F%2Fapp.example.com%2Forders%3Fid%3D1"


@pytest.mark.parametrize("headers", [
    {"X-Forwarded-Host": "evil.example.com"},
    {"X-Forwarded-Host": "app.example.com.evil.example"},
    {"X-Forwarded-Host": "app.example.com@evil.example"},
    {"X-Forwarded-Host": "app.example.com:8443"},
    {"X-Forwarded-Host": "app.example.com\\@evil.example"},
    {"X-Forwarded-Proto": "http"},
    {"X-Forwarded-Proto": "javascript"},
    {"X-Forwarded-Proto": "https, http"},
    {"X-Forwarded-Uri": "@evil.example/"},
    {"X-Forwarded-Uri": ".evil.example/"},
    {"X-Forwarded-Uri": "/a\\b"},
    {"X-Forwarded-Uri": "/a b"},
    {"X-Forwarded-Uri": "/\xe9"},
    {"X-Forwarded-Uri": "/" + "a" * 2100},
    {"X-Forwarded-Host": ""},
])
def test_a_foreign_return_address_is_left_out(proxied, headers):
    assert location(ask(proxied, {**PAGE, **TRAEFIK, **headers})) == (LOGIN, {})


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Forwarded-Uri", "X-Forwarded-Proto"])
def test_an_address_of_which_a_part_came_twice_is_left_out(proxied, name):
    pairs = [*{**PAGE, **TRAEFIK}.items(), (name, TRAEFIK[name])]
    answer = proxied.public.request("GET", "/session/token/app", None, pairs)
    assert answer.status == 302 and APP + "/orders" not in urllib.parse.unquote(answer.header("Location"))


@pytest.mark.parametrize("headers", [
    {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "text/htmlx"}, {"Accept": "text/*"}, {},
    {**PAGE, "X-Forwarded-Method": "POST"}, {**PAGE, "X-Original-Method": "DELETE"},
])
def test_who_is_no_browser_asking_for_a_page_gets_the_401(proxied, headers):
    answer = ask(proxied, headers)
    assert answer.status == 401 and answer.header("Location") is None


def test_a_form_that_a_browser_sent_gets_the_401(proxied):
    assert ask(proxied, PAGE, method="POST").status == 401


def test_without_a_login_url_it_is_the_401(proxied):
    assert ask(proxied, {**PAGE, **TRAEFIK}, "plain").status == 401


# ---- step-up ----

def test_a_session_that_needs_more_assurance_is_403_and_says_where(proxied, kratos, session):
    kratos.do(session, "require_aal2")
    answer = ask(proxied, cookie(session))
    assert answer.status == 403 and answer.json["error"] == "insufficient_user_authentication", answer
    assert "aal=aal2" in answer.json["redirect_browser_to"]
    assert answer.header("WWW-Authenticate") is None


def test_a_browser_is_sent_there_and_comes_back(proxied, kratos, session):
    kratos.do(session, "require_aal2")
    page, query = location(ask(proxied, {**cookie(session), **PAGE, **TRAEFIK}))
    assert page.endswith("/self-service/login/browser") and query["aal"] == "aal2" and query["return_to"].startswith(APP)
    answer = ask(proxied, {**cookie(session), **PAGE, "X-Original-URL": APP + "/x"})
    assert answer.status == 403 and "aal=aal2&return_to=" in answer.header("Location")


def test_once_the_second_factor_was_shown_the_same_cookie_is_good_at_once(proxied, kratos, session):
    kratos.do(session, "require_aal2")
    assert ask(proxied, cookie(session)).status == 403
    kratos.do(session, "aal2")
    assert claims_of(token_of(ask(proxied, cookie(session))))["acr"] == "aal2"


def test_a_resource_may_ask_for_more_than_kratos_does(proxied, kratos, session):
    answer = ask(proxied, {**cookie(session), **PAGE, **TRAEFIK}, "strong")
    assert answer.status == 403 and answer.json["error"] == "insufficient_user_authentication"
    assert claims_of(token_of(ask(proxied, cookie(kratos.session(aal=2)), "strong")))["aud"] == ["https://strong.example.com"]


# ---- trouble ----

def test_kratos_away_is_503_and_never_401(proxied, kratos, session):
    kratos.fault(path="all", drop=True)
    answer = ask(proxied, {**cookie(session), **PAGE, **TRAEFIK})
    assert answer.status == 503 and answer.json["error"] == "temporarily_unavailable", answer
    assert answer.header("Retry-After") and answer.header("Location") is None
    kratos.no_faults()
    assert token_of(ask(proxied, cookie(session)))


def test_kratos_own_trouble_which_it_tells_as_401_is_503(proxied, kratos, session):
    kratos.fault(path="whoami", status=401)
    kratos.fault(path="ready", status=503)
    time.sleep(1.1)  # so long its last word on that is believed
    assert ask(proxied, cookie(session)).status == 503


def test_a_session_is_about_a_person_with_an_external_id_where_sub_is_that(start, kratos):
    server = start({"serve": {"trusted_proxies": ["127.0.0.1"]}, "access_token": {"subject": "external_id"}, "forward_auth": {"profiles": {"app": {"client": "spa", "login_url": LOGIN}}}})
    answer = ask(server, {**cookie(kratos.session()), **PAGE})
    assert answer.status == 403 and answer.json["error"] == "access_denied"  # and not to the login, which would send it back
    assert claims_of(token_of(ask(server, cookie(kratos.session(external_id="ext-1")))))["sub"] == "ext-1"
