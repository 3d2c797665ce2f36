"""Real reverse proxies in front of a tiny upstream, with the files of examples/proxy/ as they stand there, but for ports and host (docs/forward-auth.md)."""
import concurrent.futures
import functools
import urllib.parse

import jwt
import pytest
import yaml

from parts import Hydrant, default_settings, free_port, merge
from proxies import PROXIES, Upstream, example

API = "https://api.example.com"
LOGIN = "https://login.example.com/self-service/login/browser"
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@functools.lru_cache
def ports():
    """where the proxies will listen: the profile's return_to names them"""
    return {name: free_port() for name in PROXIES}


def settings(kratos, dsn, **serve):
    profile = {"client": "spa", "audience": [API], "scope": "api", "login_url": LOGIN, "return_to": ["http://localhost:%d" % port for port in ports().values()]}
    return merge(default_settings(kratos, dsn), {"serve": {"trusted_proxies": ["127.0.0.1"], **serve}, "forward_auth": {"profiles": {"app": profile}}})


@pytest.fixture(scope="module")
def behind(kratos, fresh_dsn, migrated):
    server = Hydrant(settings(kratos, fresh_dsn()))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def upstream():
    server = Upstream()
    yield server
    server.stop()


@pytest.fixture(scope="module", params=sorted(PROXIES))
def proxy(request, behind, upstream):
    kind = PROXIES[request.param]
    if kind.program() is None:
        pytest.skip(request.param + " is not installed: its example was not tried")
    server = kind(behind.public.port, upstream.port, ports()[request.param])
    yield server
    server.stop()


def cookie(session, **more):
    return {"Cookie": "theme=dark; ory_kratos_session=%s; lang=en" % session["cookie"], **more}


def ask(proxy, headers=None, method="GET", path="/orders?id=1", body=None):
    return proxy.http.request(method, path, body, headers)


def reached(answer, name):
    """the values of that header as they reached the upstream"""
    assert answer.status == 200, answer
    return [v for n, v in answer.json["headers"] if n.lower() == name.lower()]


def verified(answer, server):
    """exactly one token reached the upstream; its claims, checked by PyJWT"""
    values = reached(answer, "Authorization")
    assert len(values) == 1 and values[0].startswith("Bearer "), values
    token = values[0].split(" ")[1]
    key = {k["kid"]: k for k in server.jwks()["keys"]}[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, jwt.PyJWK(key).key, algorithms=["ES256"], audience=API, issuer="http://localhost:4477")


def test_a_cookie_in_a_verified_token_at_the_upstream(proxy, behind, session):
    answer = ask(proxy, cookie(session))
    claims = verified(answer, behind)
    assert claims["sub"] == session["identity_id"] and claims["sid"] == session["session_id"] and claims["email"]
    assert answer.json["path"] == "/orders?id=1" and answer.header("Authorization") is None


@pytest.mark.parametrize("headers", [lambda t: {"X-Session-Token": t}, lambda t: {"Authorization": "Bearer " + t}])
def test_a_session_token_in_a_token_at_the_upstream_and_nothing_of_the_first(proxy, behind, session, headers):
    answer = ask(proxy, headers(session["session_token"]))
    assert verified(answer, behind)["sid"] == session["session_id"]
    assert session["session_token"] not in answer.body.decode() and reached(answer, "X-Session-Token") == []


def test_kratos_cookie_stays_at_the_proxy_and_others_pass(proxy, session):
    values = "; ".join(reached(ask(proxy, cookie(session)), "Cookie"))
    assert "ory_kratos_session" not in values and "theme=dark" in values and "lang=en" in values
    values = reached(ask(proxy, {"Cookie": "ory_kratos_session=" + session["cookie"]}), "Cookie")
    assert session["cookie"] not in "".join(values)


@pytest.mark.parametrize("own", ["Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.", "Basic YWRtaW46YWRtaW4=", "anything", ""])
def test_the_clients_own_authorization_never_gets_through(proxy, behind, upstream, session, own):
    for name in ("Authorization", "authorization", "AUTHORIZATION"):
        assert verified(ask(proxy, cookie(session, **{name: own})), behind)["sid"] == session["session_id"]
    before = upstream.count
    assert ask(proxy, {"Authorization": own}).status == 401 and upstream.count == before


def test_two_authorizations_of_the_clients_do_not_either(proxy, behind, upstream, session):
    pairs = [*cookie(session).items(), ("Authorization", "Basic eDp5"), ("Authorization", "Bearer x.y.z")]
    answer = ask(proxy, pairs)
    if answer.status == 200:
        assert verified(answer, behind)["sid"] == session["session_id"]
    else:
        assert answer.status in (400, 401)  # nginx refuses it by itself


def test_a_thousand_requests_cost_kratos_one_whoami(proxy, behind, kratos, session):
    kratos.fault(path="whoami", delay_ms=100)
    before = kratos.counts()["whoami"]
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = [f.result() for f in [pool.submit(ask, proxy, cookie(session)) for _ in range(1000)]]
    assert kratos.counts()["whoami"] == before + 1
    assert len({reached(a, "Authorization")[0] for a in answers}) == 1
    assert verified(answers[0], behind)["sid"] == session["session_id"]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_reaches_the_upstream_whole(proxy, behind, session, chunked):
    body = "x" * 100000
    headers = cookie(session, **({"Transfer-Encoding": "chunked"} if chunked else {}))
    answer = ask(proxy, headers, "POST", "/orders", "%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body)
    assert verified(answer, behind) and answer.json["method"] == "POST" and answer.json["body"] == body


# ---- without a session ----

def location(answer):
    assert answer.status == 302, answer
    page, _, query = answer.header("Location").partition("?")
    return page, dict(urllib.parse.parse_qsl(query, keep_blank_values=True))


def test_a_browser_is_sent_to_the_login_and_told_where_to_come_back(proxy, upstream):
    before = upstream.count
    answer = ask(proxy, PAGE, path="/orders/a%20b?id=1&x=%2F")
    assert location(answer) == (LOGIN, {"return_to": proxy.origin + "/orders/a%20b?id=1&x=%2F"})
    assert upstream.count == before


def test_a_dead_session_is_sent_there_as_well(proxy, kratos, session):
    kratos.do(session, "revoke")
    assert location(ask(proxy, cookie(session, **PAGE)))[0] == LOGIN


@pytest.mark.parametrize("headers", [
    {"X-Original-URL": "https://evil.example.com/"},
    {"X-Original-Method": "POST"},
    {"X-Forwarded-Uri": "//evil.example.com/", "X-Forwarded-Host": "evil.example.com", "X-Forwarded-Proto": "https"},
    {"X-Forwarded-Method": "POST"},
])
def test_what_the_client_says_of_its_request_is_not_believed(proxy, headers):
    assert location(ask(proxy, {**PAGE, **headers}, path="/a")) == (LOGIN, {"return_to": proxy.origin + "/a"})


def test_a_foreign_host_is_not_returned_to(proxy):
    if proxy.name == "caddy":
        assert ask(proxy, {**PAGE, "Host": "evil.example.com"}).status != 302  # no site of its
    else:
        assert location(ask(proxy, {**PAGE, "Host": "evil.example.com"})) == (LOGIN, {})


@pytest.mark.parametrize("headers, method", [({"Accept": "application/json"}, "GET"), ({}, "GET"), (PAGE, "POST")])
def test_who_is_no_browser_gets_the_401(proxy, upstream, headers, method):
    before = upstream.count
    answer = ask(proxy, headers, method)
    assert answer.status == 401 and answer.header("WWW-Authenticate").startswith("Bearer realm=") and upstream.count == before


def test_a_second_factor_is_asked_for(proxy, upstream, kratos, session):
    kratos.do(session, "require_aal2")
    before = upstream.count
    assert ask(proxy, cookie(session)).status == 403
    page, query = location(ask(proxy, cookie(session, **PAGE)))
    assert page.endswith("/self-service/login/browser") and query == {"aal": "aal2", "return_to": proxy.origin + "/orders?id=1"}
    assert upstream.count == before


# ---- trouble ----

def test_kratos_away_is_503_with_retry_after(proxy, upstream, kratos, session):
    kratos.fault(path="all", drop=True)
    before = upstream.count
    answer = ask(proxy, cookie(session, **PAGE))
    assert answer.status == 503 and answer.header("Retry-After") == "1" and upstream.count == before


@pytest.mark.parametrize("name", sorted(PROXIES))
def test_a_proxy_that_is_not_trusted_gets_a_403_and_lets_nothing_through(name, start, kratos, upstream, session, fresh_dsn):
    kind = PROXIES[name]
    if kind.program() is None:
        pytest.skip(name + " is not installed: its example was not tried")
    server = start({key: value for key, value in settings(kratos, fresh_dsn(), trusted_proxies=["10.0.0.0/8"]).items() if key in ("serve", "forward_auth")})
    proxy, before = kind(server.public.port, upstream.port), upstream.count
    try:
        assert ask(proxy, cookie(session)).status == 403 and ask(proxy, PAGE).status == 403
        server.stop()
        assert ask(proxy, cookie(session)).status in (500, 502)  # nor does anything pass without Hydrant
        assert upstream.count == before
    finally:
        proxy.stop()


# ---- those that can't be run here ----

def test_the_file_for_traefik_takes_the_clients_authorization_away():
    http = yaml.safe_load(example("traefik.yml"))["http"]
    forward = http["middlewares"]["hydrant"]["forwardAuth"]
    assert forward["address"].endswith("/session/token/app") and forward["authResponseHeaders"] == ["Authorization"]
    assert forward["trustForwardHeader"] is False and "authRequestHeaders" not in forward
    assert http["routers"]["application"]["middlewares"][0] == "hydrant"
    assert http["middlewares"]["credentials-stay-here"]["headers"]["customRequestHeaders"] == {"X-Session-Token": ""}


def test_the_file_for_envoy_asks_with_what_hydrant_needs_and_takes_its_authorization():
    listener = yaml.safe_load(example("envoy.yml"))["static_resources"]["listeners"][0]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    authz, router = [f["typed_config"] for f in manager["http_filters"]]
    assert authz["failure_mode_allow"] is False and authz["http_service"]["path_prefix"] == "/session/token/app"
    assert {p["exact"] for p in authz["allowed_headers"]["patterns"]} >= {"cookie", "x-session-token", "authorization", "accept", "x-forwarded-proto"}
    assert [p["exact"] for p in authz["http_service"]["authorization_response"]["allowed_upstream_headers"]["patterns"]] == ["authorization"]
    assert manager["route_config"]["virtual_hosts"][0]["request_headers_to_remove"] == ["x-session-token"] and router["@type"].endswith("Router")
