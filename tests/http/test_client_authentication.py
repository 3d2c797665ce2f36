"""Client authentication at the token endpoint: RFC 6749 2.3 and 3.2.1, one method for a request and only the registered one."""
import base64
import secrets

import pytest

from parts import DEFAULT_CLIENTS, EXCHANGE, KRATOS_SESSION, SECRETS, Hydrant, basic, default_settings, form, merge

FORM = ("Content-Type", "application/x-www-form-urlencoded")
ODD_ID, ODD_SECRET = "odd:id+1&=%25", "p:ä +&=%25 and so on, up to 32 and more"


@pytest.fixture(scope="module")
def hydrant(kratos, fresh_dsn, migrated):
    clients = DEFAULT_CLIENTS + [{"client_id": ODD_ID, "client_secret": ODD_SECRET, "scope": "api"}]
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {"clients": clients}))
    yield server
    server.stop()


def ask(hydrant, session, body=(), authorization=(), query=""):
    """an exchange with these credentials: parameters of the body, values of Authorization headers"""
    pairs = [("grant_type", EXCHANGE), ("subject_token", session["session_token"]), ("subject_token_type", KRATOS_SESSION), *dict(body).items()]
    return hydrant.public.request("POST", "/oauth2/token" + query, form(pairs), [FORM] + [("Authorization", a) for a in authorization])


def encoded(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


GOOD_BASIC = basic("backend", SECRETS["backend"])


# ---- each method ----

@pytest.mark.parametrize("body, authorization", [
    ({"client_id": "spa"}, []),
    ({}, [GOOD_BASIC]),
    ({"client_id": "poster", "client_secret": SECRETS["poster"]}, []),
    ({}, [GOOD_BASIC.replace("Basic", "bAsIc")]),
    ({"client_id": "backend"}, [GOOD_BASIC]),
    ({"client_id": "spa", "client_secret": ""}, []),
    ({"client_id": "backend", "client_secret": ""}, [GOOD_BASIC]),
], ids=["none", "basic", "post", "basic's scheme in any case", "the header's client_id in the body too", "an empty parameter is none", "an empty secret beside basic is none"])
def test_a_client_is_authenticated_by_its_registered_method(hydrant, session, body, authorization):
    assert ask(hydrant, session, body, authorization).status == 200


def test_rfc_6749_2_3_1_id_and_secret_are_form_encoded_before_they_are_joined(hydrant, session):
    assert ask(hydrant, session, authorization=[basic(ODD_ID, ODD_SECRET)]).status == 200


def test_rfc_6749_2_3_1_what_is_not_form_encoded_names_another_client(hydrant, session):
    assert ask(hydrant, session, authorization=[encoded("%s:%s" % (ODD_ID, ODD_SECRET))]).status == 401


@pytest.mark.parametrize("body, authorization", [
    ({"client_id": "backend", "client_secret": SECRETS["backend"]}, []),
    ({"client_id": "backend"}, []),
    ({}, [basic("poster", SECRETS["poster"])]),
    ({"client_id": "poster"}, []),
    ({"client_id": "spa", "client_secret": "a-secret-for-who-has-none-of-its-own"}, []),
    ({}, [basic("spa", "")]),
    ({}, [basic("spa", "a-secret-for-who-has-none-of-its-own")]),
], ids=["basic's by post", "basic's by none", "post's by basic", "post's by none", "none's by post", "none's by basic without a secret", "none's by basic"])
def test_only_the_registered_method_is_accepted(hydrant, session, body, authorization):
    answer = ask(hydrant, session, body, authorization)
    assert answer.status == 401 and answer.json["error"] == "invalid_client", answer


@pytest.mark.parametrize("body, authorization", [
    ({"client_secret": SECRETS["backend"]}, [GOOD_BASIC]),
    ({"client_id": "backend", "client_secret": SECRETS["backend"]}, [GOOD_BASIC]),
    ({"client_id": "spa"}, [GOOD_BASIC]),
    ({}, [GOOD_BASIC, GOOD_BASIC]),
], ids=["secret in both", "all in both", "another client in the body", "the header twice"])
def test_rfc_6749_2_3_more_than_one_method_in_a_request_is_invalid_request(hydrant, session, body, authorization):
    answer = ask(hydrant, session, body, authorization)
    assert answer.status == 400 and answer.json["error"] == "invalid_request", answer


# ---- what fails ----

@pytest.mark.parametrize("authorization", [
    basic("backend", "not-the-secret"), basic("backend", SECRETS["backend"] + "1"), basic("backend", ""), basic("nobody", "x"), basic("", "x"),
    "Basic", "Basic ", "Basic !!!", "Basic " + base64.b64encode(b"no colon").decode(), encoded("%zz:x"), encoded("backend:%"), encoded("backend:%00"),
    "Basic " + base64.b64encode(b"x" * 300 + b":y").decode(), "Basic " + base64.b64encode(b"x" * 9000).decode(), "Bearer abc", "Digest username=backend", GOOD_BASIC + "=",
])
def test_rfc_6749_5_2_who_tried_the_header_is_told_the_scheme(hydrant, session, authorization):
    answer = ask(hydrant, session, authorization=[authorization])
    assert answer.status == 401 and answer.json["error"] == "invalid_client", answer
    assert answer.header("WWW-Authenticate").startswith("Basic realm=")
    assert answer.header("Cache-Control") == "no-store"


@pytest.mark.parametrize("body", [
    {}, {"client_id": ""}, {"client_id": "nobody"}, {"client_id": "x" * 256}, {"client_id": "poster", "client_secret": "wrong"}, {"client_id": "nobody", "client_secret": "wrong"},
    {"client_secret": SECRETS["poster"]},
], ids=["nothing", "empty", "unknown", "too long", "wrong secret", "unknown with a secret", "a secret of nobody"])
def test_who_did_not_try_the_header_gets_no_challenge(hydrant, session, body):
    answer = ask(hydrant, session, body)
    assert answer.status == 401 and answer.json["error"] == "invalid_client", answer
    assert answer.header("WWW-Authenticate") is None


def test_an_unknown_client_and_a_wrong_secret_get_the_same_words(hydrant, session):
    unknown, wrong = (ask(hydrant, session, authorization=[basic(name, "wrong")]) for name in ("nobody", "backend"))
    assert unknown.body == wrong.body
    assert unknown.header("WWW-Authenticate") == wrong.header("WWW-Authenticate")


@pytest.mark.parametrize("query", ["?client_id=spa", "?client_id=poster&client_secret=" + SECRETS["poster"]])
def test_rfc_6749_2_3_1_credentials_in_the_url_are_not_read(hydrant, session, query):
    assert ask(hydrant, session, query=query).status == 401


def test_a_client_that_fails_costs_kratos_nothing(hydrant, kratos, session):
    before = kratos.counts()["whoami"]
    ask(hydrant, session, authorization=[basic("backend", "wrong")])
    assert kratos.counts()["whoami"] == before


def test_rfc_6749_6_a_confidential_client_authenticates_at_each_refresh_and_a_failure_consumes_nothing(hydrant, session):
    token = hydrant.exchange(session, client="backend").json["refresh_token"]
    for headers in ({}, {"Authorization": basic("backend", "wrong")}):
        answer = hydrant.token({"grant_type": "refresh_token", "refresh_token": token, **({} if headers else {"client_id": "backend"})}, headers, client=None)
        assert answer.status == 401 and answer.json["error"] == "invalid_client", answer
    after = hydrant.refresh(token, client="backend")
    assert after.status == 200 and after.json["refresh_token"] != token
    assert hydrant.line_of(after)["outcome"] == "rotated"


# ---- clients of the database ----

def created(hydrant, **record):
    answer = hydrant.admin.post_json("/admin/clients", {"client_id": "db-" + secrets.token_hex(6), "scope": "api", **record})
    assert answer.status == 201, answer
    return answer.json


def credentials(client, secret):
    """the parameters of ask() for a client's method"""
    method = client["token_endpoint_auth_method"]
    if method == "client_secret_basic":
        return {"authorization": [basic(client["client_id"], secret)]}
    return {"body": {"client_id": client["client_id"], **({} if method == "none" else {"client_secret": secret})}}


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_secret_that_the_server_made_is_accepted_and_no_other(hydrant, session, method):
    client = created(hydrant, token_endpoint_auth_method=method)
    secret = client["client_secret"]
    assert ask(hydrant, session, **credentials(client, secret)).status == 200
    for wrong in (secret[:-1], secret + "A", secret.swapcase(), ""):
        assert ask(hydrant, session, **credentials(client, wrong)).status == 401


def test_a_public_client_of_the_database_needs_no_secret(hydrant, session):
    client = created(hydrant, token_endpoint_auth_method="none")
    assert ask(hydrant, session, **credentials(client, None)).status == 200


def test_a_deleted_client_is_refused_by_every_worker_at_once(hydrant, session):
    client = created(hydrant)
    good = credentials(client, client["client_secret"])
    assert [ask(hydrant, session, **good).status for _ in range(8)] == [200] * 8  # remembered everywhere
    assert hydrant.admin.request("DELETE", "/admin/clients/" + client["client_id"]).status == 204
    assert [ask(hydrant, session, **good).status for _ in range(8)] == [401] * 8
