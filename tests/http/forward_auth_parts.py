"""forward_auth_parts: a server with profiles, and a reverse proxy's questions to it."""
import urllib.parse

import pytest

from parts import Hydrant, default_settings, merge

API = "https://api.example.com"
LOGIN = "https://login.example.com/self-service/login/browser"
APP = "https://app.example.com"
PROFILES = {
    "app": {"client": "spa", "audience": [API], "scope": "api", "login_url": LOGIN, "return_to": [APP, "http://localhost:3000"]},
    "query": {"client": "spa", "login_url": LOGIN + "?aal=aal1", "return_to": [APP]},
    "plain": {"client": "mobile"},
    "strong": {"client": "strong", "login_url": LOGIN, "return_to": [APP]},
    "nobody": {"client": "of-nobody"},
}
SETTINGS = {
    "serve": {"trusted_proxies": ["127.0.0.1"]},
    "access_token": {"resources": {"https://strong.example.com": {"min_acr": "aal2"}, "https://pay.example.com": {"scopes": ["pay"], "ttl": "5m"}}},
    "forward_auth": {"profiles": PROFILES},
}
STRONG = {"client_id": "strong", "token_endpoint_auth_method": "none", "scope": "api", "audience": ["https://strong.example.com"]}
PAGE = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def settings(hydrant_settings, **changes):
    return merge(merge(hydrant_settings, SETTINGS), changes)


@pytest.fixture(scope="module")
def proxied(kratos, fresh_dsn, migrated):
    changed = settings(default_settings(kratos, fresh_dsn()))
    changed["clients"].append(STRONG)
    server = Hydrant(changed)
    yield server
    server.stop()


def cookie(session):
    return {"Cookie": "theme=dark; ory_kratos_session=%s; x=y" % session["cookie"]}


def ask(server, headers=None, profile="app", method="GET", rest="", **more):
    return server.public.request(method, "/session/token/" + profile + rest, None, {**(headers or {}), **more})


def token_of(answer):
    assert answer.status == 200, answer
    scheme, token = answer.header("Authorization").split(" ")
    assert scheme == "Bearer"
    return token


def whoamis(kratos, what):
    before = kratos.counts()["whoami"]
    result = what()
    return kratos.counts()["whoami"] - before, result


def location(answer):
    assert answer.status == 302, answer
    page, _, query = answer.header("Location").partition("?")
    return page, dict(urllib.parse.parse_qsl(query, keep_blank_values=True))


TRAEFIK = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example.com", "X-Forwarded-Uri": "/orders?id=1&x=%2F", "X-Forwarded-Method": "GET"}
