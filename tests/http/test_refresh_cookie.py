"""A refresh that carries Kratos' cookie: the look goes through whoami, and the cookie that Kratos renews goes to the browser (docs/exchange.md)."""
import time

import pytest

from parts import claims_of

ORIGIN = "https://app.example.com"
CLIENT = "cookie-grants"
EACH_LOOKS = {"kratos": {"session": {"revalidate_after": "0s"}}, "refresh_token": {"coalesce": "0s"}}


@pytest.fixture
def hydrant(start):
    return start(EACH_LOOKS)


def headers_of(session, **changes):
    sent = {"Origin": ORIGIN, "Cookie": "theme=dark; ory_kratos_session=%s; x=y" % session["cookie"]}
    for name, value in changes.items():
        name = name.replace("_", "-")
        sent.pop(name, None)
        if value is not None:
            sent[name] = value
    return sent


def token_of(hydrant, session, client=CLIENT):
    return hydrant.exchange(session, client=client).json["refresh_token"]


def refresh(hydrant, token, session, client=CLIENT, **changes):
    return hydrant.refresh(token, client=client, headers=headers_of(session, **changes))


def looks(kratos, work):
    """how often whoami and the admin API were asked, and what came"""
    before = kratos.counts()
    answer = work()
    after = kratos.counts()
    return after["whoami"] - before["whoami"], after["session"] - before["session"], answer


def extended(kratos, session):
    time.sleep(0.005)  # within one millisecond nothing is extended
    kratos.do(session, "extend")


def test_the_look_goes_through_whoami_in_place_of_the_admin_api(hydrant, kratos, session):
    whoami, admin, answer = looks(kratos, lambda: refresh(hydrant, token_of(hydrant, session), session))
    assert answer.status == 200 and (whoami, admin) == (2, 0)  # the exchange's and this one
    assert answer.header("Set-Cookie") is None  # Kratos had none to renew
    assert claims_of(answer.json["access_token"])["email"]


def test_the_cookie_that_kratos_renews_goes_to_the_browser_and_no_other(hydrant, kratos, session):
    token = token_of(hydrant, session)
    extended(kratos, session)
    answer = refresh(hydrant, token, session)
    cookies = answer.all("Set-Cookie")
    assert answer.status == 200 and len(cookies) == 1 and cookies[0].startswith("ory_kratos_session=") and "HttpOnly" in cookies[0]
    assert answer.header("Access-Control-Allow-Origin") == ORIGIN and answer.header("Access-Control-Allow-Credentials") == "true"


def test_an_extension_by_the_same_refresh_renews_it_at_once(start, kratos):
    hydrant = start({"kratos": {"session": {"revalidate_after": "0s", "extend": "on_refresh"}}, "refresh_token": {"coalesce": "0s"}})
    session = kratos.session(lifespan_s=60)
    token = token_of(hydrant, session)
    time.sleep(1.1)
    whoami, admin, answer = looks(kratos, lambda: refresh(hydrant, token, session))
    assert (whoami, admin) == (2, 0) and answer.json["authorization_expires_in"] >= 59
    assert answer.header("Set-Cookie").startswith("ory_kratos_session=")


@pytest.mark.parametrize("changes", [
    {"Origin": None},
    {"Origin": "https://evil.example.com"},
    {"Origin": "null"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "none"},
    {"Cookie": None},
    {"Cookie": "theme=dark"},
    {"Cookie": "ory_kratos_session=a%3D"},
    {"Cookie": "ory_kratos_session=a; ory_kratos_session=b"},
    {"Cookie": "ory_kratos_session=" + "x" * 5000},
], ids=["no origin", "another's origin", "null", "cross-site", "typed", "none", "another", "malformed", "two", "long"])
def test_a_request_that_breaks_the_exchange_s_rules_looks_by_the_session_s_id_and_brings_no_cookie(hydrant, kratos, session, changes):
    token = token_of(hydrant, session)
    extended(kratos, session)
    whoami, admin, answer = looks(kratos, lambda: refresh(hydrant, token, session, **changes))
    assert answer.status == 200 and (whoami, admin) == (0, 1)  # the refresh token alone is enough for a refresh
    assert answer.header("Set-Cookie") is None


def test_a_client_without_that_origin_goes_by_the_id_too(hydrant, kratos, session):
    token = token_of(hydrant, session, "mobile")
    extended(kratos, session)
    whoami, admin, answer = looks(kratos, lambda: refresh(hydrant, token, session, "mobile"))
    assert answer.status == 200 and (whoami, admin) == (0, 1) and answer.header("Set-Cookie") is None


@pytest.mark.parametrize("of", ["the same person", "another person"])
def test_the_cookie_of_another_session_is_never_passed_on(hydrant, kratos, session, of):
    other = kratos.session(identity_id=session["identity_id"]) if of == "the same person" else kratos.session(email="other@example.com")
    token = token_of(hydrant, session)
    extended(kratos, other)
    whoami, admin, answer = looks(kratos, lambda: refresh(hydrant, token, other))
    assert answer.status == 200 and (whoami, admin) == (1, 1) and answer.header("Set-Cookie") is None
    claims = claims_of(answer.json["access_token"])
    assert claims["sid"] == session["session_id"] and claims["sub"] == session["identity_id"] and claims["email"] != "other@example.com"


def test_nor_does_the_end_of_another_session_end_the_grant(hydrant, kratos, session):
    other = kratos.session(identity_id=session["identity_id"])
    token = token_of(hydrant, session)
    kratos.do(other, "revoke")
    _, admin, answer = looks(kratos, lambda: refresh(hydrant, token, other))
    assert answer.status == 200 and admin == 1


def test_the_end_of_its_own_session_does(hydrant, kratos, session):
    token = token_of(hydrant, session)
    kratos.do(session, "revoke")
    answer = refresh(hydrant, token, session)
    assert answer.status == 400 and answer.json["error"] == "invalid_grant" and answer.header("Set-Cookie") is None
    assert refresh(hydrant, token, session).json["error"] == "invalid_grant"


def test_a_second_factor_that_whoami_wants_by_now_is_not_asked_of_the_grant(hydrant, kratos, session):
    token = token_of(hydrant, session)
    extended(kratos, session)
    kratos.do(session, "require_aal2")
    whoami, admin, answer = looks(kratos, lambda: refresh(hydrant, token, session))
    assert answer.status == 200 and (whoami, admin) == (1, 1) and answer.header("Set-Cookie") is None


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}])
def test_trouble_with_whoami_leaves_the_look_by_id(hydrant, kratos, session, fault):
    token = token_of(hydrant, session)
    kratos.fault(path="whoami", count=-1, **fault)
    _, admin, answer = looks(kratos, lambda: refresh(hydrant, token, session))
    assert answer.status == 200 and admin == 1


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}, {"delay_ms": 3500}])
def test_with_kratos_away_the_last_look_serves(hydrant, kratos, session, fault):
    token = token_of(hydrant, session)
    kratos.fault(path="all", count=-1, **fault)
    began = time.monotonic()
    answer = refresh(hydrant, token, session)
    assert answer.status == 200 and answer.header("Set-Cookie") is None and time.monotonic() - began < 4.5


def test_a_kratos_that_is_slow_to_fail_is_not_asked_twice(start, kratos, session):
    hydrant = start({"kratos": {"timeout": "3s", "session": {"revalidate_after": "0s"}}})
    token = token_of(hydrant, session)
    kratos.fault(path="all", count=-1, delay_ms=3500)
    _, admin, answer = looks(kratos, lambda: refresh(hydrant, token, session))
    assert answer.status == 200 and admin == 0


def test_where_no_look_is_due_kratos_is_not_asked(start, kratos, session):
    hydrant = start({"kratos": {"session": {"revalidate_after": "1h"}}})
    token = token_of(hydrant, session)
    extended(kratos, session)
    whoami, admin, answer = looks(kratos, lambda: refresh(hydrant, token, session))
    assert answer.status == 200 and (whoami, admin) == (0, 0) and answer.header("Set-Cookie") is None


def test_a_refusal_brings_no_cookie(hydrant, kratos):
    session = kratos.session(aal=2)
    token = token_of(hydrant, session)
    extended(kratos, session)
    kratos.do(session, "aal1")
    answer = refresh(hydrant, token, session)
    assert answer.status == 400 and answer.json["error"] == "invalid_grant" and answer.header("Set-Cookie") is None


def test_no_cookie_is_in_the_log(hydrant, kratos, session):
    token = token_of(hydrant, session)
    extended(kratos, session)
    renewed = refresh(hydrant, token, session).header("Set-Cookie").split("=", 1)[1].split(";")[0]
    assert renewed[:24] not in hydrant.log and session["cookie"][:24] not in hydrant.log
