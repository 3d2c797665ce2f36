"""What holds for every endpoint: paths and methods, limits, forms, request ids, health, the log (docs/interface.md)."""
import json
import re
import socket

import pytest

from parts import EXCHANGE, KRATOS_COOKIE, KRATOS_SESSION, SECRETS, basic, form

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def post(hydrant, body, headers=None, path="/oauth2/token"):
    return hydrant.public.request("POST", path, body, FORM if headers is None else headers)


def exchange_form(session, **more):
    return form({"grant_type": EXCHANGE, "subject_token": session["session_token"], "subject_token_type": KRATOS_SESSION, "client_id": "spa", **more})


def assert_invalid_request(answer, status):
    assert answer.status == status, answer
    assert answer.header("Content-Type") == "application/json"
    assert answer.json["error"] == "invalid_request" and set(answer.json) == {"error", "error_description"}


# ---- paths and methods ----

@pytest.mark.parametrize("path", ["/", "/nothing", "/oauth2/token/", "/oauth2//token", "/OAUTH2/TOKEN", "/oauth2/%74oken", "/oauth2/../oauth2/token", "/oauth2/auth", "/admin/clients", "/health", "/.well-known/", "*"])
def test_a_path_that_is_not_there_is_404(hydrant, path):
    assert_invalid_request(hydrant.public.get(path), 404)


@pytest.mark.parametrize("path, allowed", [
    ("/oauth2/token", {"POST", "OPTIONS"}), ("/oauth2/revoke", {"POST", "OPTIONS"}), ("/.well-known/jwks.json", {"GET", "HEAD"}), ("/.well-known/oauth-authorization-server", {"GET", "HEAD"}),
    ("/.well-known/openid-configuration", {"GET", "HEAD"}), ("/health/alive", {"GET", "HEAD"}), ("/health/ready", {"GET", "HEAD"}), ("/version", {"GET", "HEAD"}),
])
def test_rfc_9110_15_5_6_a_method_that_a_path_has_not_is_405_with_allow(hydrant, path, allowed):
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"} - allowed:
        answer = hydrant.public.request(method, path, headers={"Content-Length": "0"})
        assert_invalid_request(answer, 405)
        assert set(answer.header("Allow").split(", ")) == allowed


def test_rfc_6749_3_2_parameters_in_the_url_are_not_read(hydrant, session):
    answer = hydrant.public.request("POST", "/oauth2/token?" + exchange_form(session), "", FORM)
    assert answer.status != 200
    assert post(hydrant, exchange_form(session), path="/oauth2/token?unknown=1").status == 200


# ---- limits ----

@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/revoke"])
@pytest.mark.parametrize("headers", [{}, {"Content-Type": ""}, {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}, {"Content-Type": "multipart/form-data; boundary=x"},
                                     {"Content-Type": "application/x-www-form-urlencoded-too"}, {"Content-Type": "text/plain, application/x-www-form-urlencoded"}])
def test_what_is_no_form_is_415(hydrant, session, path, headers):
    assert_invalid_request(post(hydrant, exchange_form(session), headers, path), 415)


@pytest.mark.parametrize("type", ["application/x-www-form-urlencoded; charset=utf-8", "Application/X-WWW-Form-URLEncoded", "application/x-www-form-urlencoded ;charset=UTF-8"])
def test_a_form_is_one_in_any_case_and_with_parameters(hydrant, session, type):
    assert post(hydrant, exchange_form(session), {"Content-Type": type}).status == 200


def test_a_body_of_64_kib_is_read_and_one_byte_more_is_413(hydrant, session):
    body = exchange_form(session) + "&unknown="
    assert post(hydrant, body + "x" * (65536 - len(body))).status == 200
    assert_invalid_request(post(hydrant, body + "x" * (65537 - len(body))), 413)


def test_a_target_over_8_kib_is_414_and_a_head_over_32_kib_is_431(hydrant):
    assert hydrant.public.get("/health/alive?" + "x" * 8000).status == 200
    assert_invalid_request(hydrant.public.get("/health/alive?" + "x" * 8200), 414)
    assert hydrant.public.get("/health/alive", {"X-Long": "x" * 30000}).status == 200
    assert_invalid_request(hydrant.public.get("/health/alive", {"X-Long": "x" * 33000}), 431)


def says(hydrant, raw):
    """all that comes back for these bytes until the connection is closed"""
    with socket.create_connection((hydrant.public.host, hydrant.public.port), timeout=10) as s:
        s.sendall(raw)
        said = b""
        while piece := s.recv(65536):
            said += piece
    return said


@pytest.mark.parametrize("head", [
    "Host: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Host: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5\r\n", "Host: x\r\nHost: y\r\nContent-Length: 5\r\n",
], ids=["length and coding", "two lengths", "no host", "two hosts"])
def test_rfc_9112_what_two_parsers_could_read_in_two_ways_is_400_and_closed(hydrant, head):
    said = says(hydrant, b"POST /oauth2/token HTTP/1.1\r\n" + head.encode() + b"\r\n0\r\n\r\n" + b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 400 ") and said.count(b"HTTP/1.1 ") == 1


# ---- forms ----

@pytest.mark.parametrize("more", ["&x=%", "&x=%z1", "&x=%1", "&%zz=1", "&x=%00", "&x=%ff", "&x=%c3%28", "&x=%ed%a0%80", "".join("&p%d=1" % i for i in range(64))],
                         ids=["%", "%z1", "%1", "in a name", "NUL", "no UTF-8", "broken UTF-8", "a surrogate", "too many"])
def test_a_malformed_form_is_invalid_request(hydrant, session, more):
    assert_invalid_request(post(hydrant, exchange_form(session) + more), 400)


@pytest.mark.parametrize("name", ["grant_type", "subject_token", "subject_token_type", "client_id", "scope", "requested_token_type", "unknown"])
def test_rfc_6749_3_2_a_parameter_twice_is_invalid_request(hydrant, session, name):
    body = exchange_form(session, scope="api", requested_token_type="urn:ietf:params:oauth:token-type:access_token", unknown="1")
    assert post(hydrant, body).status == 200
    value = [pair for pair in body.split("&") if pair.startswith(name + "=")][0]
    assert_invalid_request(post(hydrant, body + "&" + value), 400)


@pytest.mark.parametrize("more", ["&scope=", "&scope", "&scope=&scope=api", "&actor_token=", "&requested_token_type=", "&", "&&x=1&", "&=1", "&unknown=1", "&username=x&password=y"])
def test_rfc_6749_3_2_an_empty_parameter_is_none_and_an_unknown_one_is_ignored(hydrant, session, more):
    assert post(hydrant, exchange_form(session) + more).status == 200


def test_a_plus_is_a_space(hydrant, session):
    answer = post(hydrant, exchange_form(session) + "&scope=read+api")
    assert answer.status == 200 and answer.json["scope"] == "read api"


def test_rfc_6749_5_2_descriptions_keep_to_their_alphabet(hydrant, session):
    for body in ("", "client_id=spa", exchange_form(session, scope='a"b\\c'), exchange_form(session, subject_token='"\\<>ü')):
        description = post(hydrant, body).json["error_description"]
        assert all(0x20 <= ord(c) <= 0x7e and c not in '"\\' for c in description)


# ---- ids ----

@pytest.mark.parametrize("sent", ["a", "req-1.2_3", "A" * 64, "00000000-0000-4000-8000-000000000000"])
def test_a_request_id_is_echoed(hydrant, sent):
    assert hydrant.public.get("/health/alive", {"X-Request-Id": sent}).header("X-Request-Id") == sent


@pytest.mark.parametrize("sent", [None, "", "A" * 65, "a b", "a;b", 'a"b', "<x>", "ü"])
def test_one_that_could_harm_a_log_is_replaced(hydrant, sent):
    headers = {} if sent is None else {"X-Request-Id": sent}
    made = [hydrant.public.get("/health/alive", headers).header("X-Request-Id") for _ in range(2)]
    assert all(UUID.fullmatch(one) for one in made) and made[0] != made[1]


@pytest.mark.parametrize("method, path, headers", [("GET", "/nothing", {}), ("PUT", "/oauth2/token", {}), ("POST", "/oauth2/token", {}), ("POST", "/oauth2/token", FORM), ("OPTIONS", "/oauth2/token", {}), ("HEAD", "/.well-known/jwks.json", {})])
def test_every_answer_carries_its_id(hydrant, method, path, headers):
    answer = hydrant.public.request(method, path, headers={**headers, "X-Request-Id": "my-id", "Content-Length": "0"})
    assert answer.all("X-Request-Id") == ["my-id"]


# ---- health ----

def test_health_and_version_answer_as_ory_s_services_do(hydrant):
    for http in (hydrant.public, hydrant.admin):
        assert http.get("/health/alive").json == {"status": "ok"}
        assert http.get("/health/ready").json == {"status": "ok"}
        assert re.fullmatch(r"\d+\.\d+\.\d+.*", http.get("/version").json["version"])
        assert http.get("/health/ready").header("Cache-Control") == "no-store"


# ---- the log ----

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_there_is_one_line_for_each_request_with_what_is_known_of_it(hydrant, session):
    answer = hydrant.exchange(session, headers={"X-Request-Id": "seen-1", "traceparent": "00-%s-00f067aa0ba902b7-01" % TRACE})
    line = hydrant.line_of(answer)
    assert [l["id"] for l in hydrant.log_lines("request")].count("seen-1") == 1
    assert {name: line[name] for name in ("level", "id", "trace_id", "endpoint", "method", "status", "grant", "client", "outcome")} == {
        "level": "info", "id": "seen-1", "trace_id": TRACE, "endpoint": "token", "method": "POST", "status": 200, "grant": "token_exchange", "client": "spa", "outcome": "ok"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert line["identity_us"] > 0 and line["storage_us"] > 0 and line["sign_us"] > 0
    assert line["duration_us"] >= line["identity_us"] + line["storage_us"] + line["sign_us"]


def test_a_refusal_s_line_says_reason_and_step_that_the_answer_does_not(hydrant, session):
    answer = hydrant.exchange(session, scope="admin")
    line = hydrant.line_of(answer)
    assert line["outcome"] == "invalid_scope" and line["reason"] == "scope beyond the client's" and line["step"] == "choose_targets" and line["status"] == 400
    assert line["reason"] not in answer.body.decode()


def test_kratos_trouble_is_a_warning(hydrant, kratos, session):
    kratos.fault(path="whoami", status=500, count=-1)
    line = hydrant.line_of(hydrant.exchange(session))
    assert line["level"] == "warn" and line["outcome"] == "temporarily_unavailable" and line["step"] == "check_session" and line["reason"]


@pytest.mark.parametrize("method, path, endpoint, outcome", [
    ("GET", "/nothing", "-", "unknown_path"), ("PUT", "/oauth2/token", "-", "unknown_method"), ("GET", "/.well-known/jwks.json", "jwks", None), ("GET", "/health/ready", "ready", None),
    ("GET", "/.well-known/oauth-authorization-server", "metadata", None), ("OPTIONS", "/oauth2/token", "preflight", "not_allowed"), ("PROPFIND", "/version", "-", "unknown_method")])
def test_each_endpoint_has_its_name(hydrant, method, path, endpoint, outcome):
    line = hydrant.line_of(hydrant.public.request(method, path))
    assert line["endpoint"] == endpoint and line.get("outcome") == outcome
    assert line["method"] == (method if method != "PROPFIND" else "other")


def test_nothing_from_outside_makes_a_line_of_its_own(hydrant, session):
    for value in ('x"\n{"event":"forged"}', "x\r\nforged", "\u2028forged", "\x1b[31mforged"):
        hydrant.exchange(session, client=None, client_id=value)
        hydrant.line_of(hydrant.exchange(session, scope=value))
    for line in hydrant.log.splitlines():
        assert json.loads(line)["event"] != "forged"
    assert "\x1b" not in hydrant.log


def test_no_token_secret_cookie_or_person_is_ever_in_the_log(hydrant, kratos):
    session = kratos.session(email="ada.private@example.org", aal=2)
    said = hydrant.exchange(session, client="backend").json
    refreshed = hydrant.refresh(said["refresh_token"], client="backend").json
    asked = [
        hydrant.exchange(session, client="poster"), hydrant.exchange({"session_token": session["session_token"] + "x"}),
        hydrant.token({"grant_type": EXCHANGE, "subject_token": session["cookie"], "subject_token_type": KRATOS_COOKIE}),
        hydrant.token({"grant_type": EXCHANGE, "subject_token": "cookie", "subject_token_type": KRATOS_COOKIE}, {"Origin": "https://app.example.com", "Cookie": "ory_kratos_session=" + session["cookie"]}),
        hydrant.refresh(refreshed["refresh_token"], client="spa"), hydrant.refresh(refreshed["refresh_token"][:-1], client="backend"),
        hydrant.revoke(refreshed["access_token"], client="spa"), hydrant.revoke(refreshed["refresh_token"], client="backend"),
        hydrant.token({"grant_type": "refresh_token", "refresh_token": refreshed["refresh_token"]}, {"Authorization": basic("backend", "guessed-secret-1")}, client=None),
        hydrant.public.get("/oauth2/token?client_secret=%s&refresh_token=%s" % (SECRETS["backend"], refreshed["refresh_token"])),
        hydrant.public.get("/" + refreshed["refresh_token"]), post(hydrant, "%", {**FORM, "Authorization": "Bearer " + refreshed["access_token"]}),
    ]
    for answer in asked:
        hydrant.line_of(answer)
    log = hydrant.log
    hidden = [session["session_token"], session["cookie"], said["refresh_token"], refreshed["refresh_token"], said["access_token"], refreshed["access_token"], *SECRETS.values(), "guessed-secret-1",
              basic("backend", SECRETS["backend"])[6:], "ada.private", "Lovelace", hydrant.settings["secrets"]["system"][0]]
    for text in hidden:
        assert text[:24] not in log and text[-24:] not in log, text
    assert "eyJ" not in log and "hrt_" not in log and "ory_st_" not in log
