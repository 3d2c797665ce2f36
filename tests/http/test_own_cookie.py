"""subject_token=cookie: the Kratos cookie that came with this request, and the rules against cross-site requests (docs/exchange.md)."""
import time

import pytest

from parts import EXCHANGE, KRATOS_COOKIE

ORIGIN = "https://app.example.com"


def ask(hydrant, session, client="spa", **headers):
    sent = {"Origin": ORIGIN, "Cookie": "theme=dark; ory_kratos_session=%s; x=y" % session["cookie"]}
    for name, value in headers.items():
        name = name.replace("_", "-")
        sent.pop(name, None)
        if value is not None:
            sent[name] = value
    return hydrant.token({"grant_type": EXCHANGE, "subject_token": "cookie", "subject_token_type": KRATOS_COOKIE}, sent, client)


def test_the_requests_own_cookie_becomes_an_access_token_without_a_refresh_token(hydrant, session):
    answer = ask(hydrant, session)
    assert answer.status == 200, answer
    assert "refresh_token" not in answer.json
    assert answer.header("Access-Control-Allow-Origin") == ORIGIN
    assert answer.header("Access-Control-Allow-Credentials") == "true"


def test_a_client_whose_record_says_so_gets_a_refresh_token_with_it(hydrant, session):
    assert "refresh_token" in ask(hydrant, session, "cookie-grants").json


@pytest.mark.parametrize("headers", [
    {"Origin": None},
    {"Origin": "https://evil.example.com"},
    {"Origin": "https://app.example.com.evil.example"},
    {"Origin": "null"},
    {"Origin": "http://app.example.com"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "none"},
])
def test_a_cross_site_request_is_refused_before_kratos_is_asked(hydrant, kratos, session, headers):
    before = kratos.counts()["whoami"]
    answer = ask(hydrant, session, **headers)
    assert answer.status == 403 and answer.json["error"] == "access_denied", answer
    assert kratos.counts()["whoami"] == before
    if headers.get("Origin") != ORIGIN and "Origin" in headers:
        assert answer.header("Access-Control-Allow-Origin") is None


@pytest.mark.parametrize("site", ["same-origin", "same-site"])
def test_same_origin_and_same_site_are_let_through(hydrant, session, site):
    assert ask(hydrant, session, Sec_Fetch_Site=site).status == 200


def test_a_form_is_asked_for_since_other_types_need_no_preflight_check(hydrant, session):
    assert ask(hydrant, session, Content_Type="text/plain").status == 415


def test_without_the_cookie_the_subject_token_is_not_accepted(hydrant, session):
    answer = ask(hydrant, session, Cookie="theme=dark")
    assert answer.status == 400 and answer.json["error"] == "invalid_request"


@pytest.mark.parametrize("value", ["a b", "a%3D", "x" * 5000, "a,b", "ü".encode("latin-1").decode("latin-1")])
def test_a_cookie_outside_its_alphabet_never_reaches_kratos(hydrant, kratos, session, value):
    before = kratos.counts()["whoami"]
    answer = ask(hydrant, session, Cookie="ory_kratos_session=" + value)
    assert answer.status == 400 and answer.json["error"] == "invalid_request", answer
    assert kratos.counts()["whoami"] == before


def test_two_cookies_of_the_name_are_refused_since_a_sibling_domain_may_have_set_one(hydrant, kratos, session):
    other = kratos.session()
    answer = ask(hydrant, session, Cookie="ory_kratos_session=%s; ory_kratos_session=%s" % (other["cookie"], session["cookie"]))
    assert answer.status == 400 and answer.json["error"] == "invalid_request"


def test_kratos_renewed_cookie_is_passed_on_and_no_other(hydrant, kratos, session):
    time.sleep(0.005)  # within one millisecond nothing is extended
    kratos.do(session, "extend")
    cookies = ask(hydrant, session).all("Set-Cookie")
    assert len(cookies) == 1 and cookies[0].startswith("ory_kratos_session=")
    assert "HttpOnly" in cookies[0]


def test_no_renewal_no_set_cookie(hydrant, session):
    assert ask(hydrant, session).header("Set-Cookie") is None
