"""The admin port's rules, and /admin/clients (docs/interface.md, Admin endpoints)."""
import glob
import json
import secrets
import urllib.parse

import pytest

from parts import EXCHANGE, Hydrant, basic, claims_of, default_settings, merge

TOKEN = "an-admin-token-of-more-than-32-characters"
CLIENTS = "/admin/clients"


@pytest.fixture(scope="module")
def guarded(kratos, fresh_dsn, migrated):
    """its admin port asks for a token"""
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {"serve": {"admin": {"token": TOKEN, "host": "localhost"}}}))
    yield server
    server.stop()


def new_id():
    return "admin-" + secrets.token_hex(6)


def create(hydrant, **record):
    answer = hydrant.admin.post_json(CLIENTS, {"client_id": new_id(), **record})
    assert answer.status == 201, answer
    return answer.json


def path_of(client_id):
    return CLIENTS + "/" + urllib.parse.quote(client_id, safe="")


# ---- who may ask ----

@pytest.mark.parametrize("authorization", [None, "", TOKEN, "Bearer", "Bearer ", "Bearer " + TOKEN[:-1], "Bearer " + TOKEN + "x", "Bearer " + TOKEN.upper(), basic("admin", TOKEN), "Bearer  " + TOKEN])
@pytest.mark.parametrize("method, path", [("GET", CLIENTS), ("POST", CLIENTS), ("GET", CLIENTS + "/spa"), ("DELETE", CLIENTS + "/spa"), ("GET", "/admin/grants?client=spa"), ("DELETE", "/admin/grants?client=spa"), ("DELETE", "/admin/grants/" + "0" * 8), ("GET", "/admin/nothing")])
def test_without_the_token_nothing_is_done_or_told(guarded, authorization, method, path):
    answer = guarded.admin.request(method, path, "{}" if method == "POST" else None, {} if authorization is None else {"Authorization": authorization})
    assert answer.status == 401 and answer.header("WWW-Authenticate") == "Bearer", answer
    assert answer.json["error"] == "access_denied" and TOKEN not in answer.body.decode()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_token_opens(guarded, scheme):
    assert guarded.admin.get(CLIENTS, {"Authorization": scheme + " " + TOKEN}).status == 200


@pytest.mark.parametrize("path", ["/health/alive", "/health/ready", "/version"])
def test_health_and_version_take_no_token(guarded, path):
    assert guarded.admin.get(path).status == 200


def test_the_token_is_never_in_the_log(guarded):
    for token in (TOKEN, TOKEN + "-guessed"):
        guarded.line_of(guarded.admin.get(CLIENTS, {"Authorization": "Bearer " + token}))
    assert TOKEN not in guarded.log


@pytest.mark.parametrize("origin", ["https://evil.example.com", "http://127.0.0.1:4478", "null", ""])
@pytest.mark.parametrize("path", [CLIENTS, "/admin/grants?client=spa", "/hooks/kratos/revoke", "/health/alive", "/version", "/nothing"])
def test_a_request_that_a_browser_sent_is_refused(hydrant, path, origin):
    answer = hydrant.admin.get(path, {"Origin": origin})
    assert answer.status == 403 and answer.json["error"] == "access_denied"


@pytest.mark.parametrize("host", ["evil.example.com", "evil.example.com:4478", "localhost.evil.example.com", "127.0.0.1.evil.example.com", "127.0.0.1evil", "[::1", "x.localhost", "localhost@evil.example.com", ""])
@pytest.mark.parametrize("path", [CLIENTS, "/admin/grants?client=spa", "/hooks/kratos/revoke", "/health/alive"])
def test_a_rebound_name_is_refused(hydrant, path, host):
    assert hydrant.admin.get(path, {"Host": host}).status in (400, 403)


@pytest.mark.parametrize("host", ["localhost", "localhost:4478", "LOCALHOST", "127.0.0.1", "127.0.0.1:1", "10.1.2.3", "10.1.2.3:4478", "[::1]", "[::1]:4478", "[2001:db8::1]:4478"])
def test_loopback_and_addresses_are_let_through(hydrant, host):
    assert hydrant.admin.get(CLIENTS, {"Host": host}).status == 200


def test_the_public_port_has_no_admin_api(hydrant):
    assert hydrant.public.get(CLIENTS).status == 404 and hydrant.admin.request("POST", "/oauth2/token", "", {"Content-Type": "application/x-www-form-urlencoded"}).status == 404


# ---- create ----

def test_a_client_is_created_with_an_id_a_secret_and_the_defaults(hydrant):
    answer = hydrant.admin.post_json(CLIENTS, {"client_name": "Backend", "scope": "api"})
    assert answer.status == 201 and answer.header("Cache-Control") == "no-store"
    said = answer.json
    assert len(said["client_id"]) == 36 and len(said["client_secret"]) == 43 and said["created_at"].endswith("Z")
    assert said["token_endpoint_auth_method"] == "client_secret_basic" and said["client_name"] == "Backend" and said["scope"] == "api"
    assert sorted(said["grant_types"]) == ["refresh_token", EXCHANGE]
    assert said["audience"] == [] and said["allowed_cors_origins"] == []


def test_the_secret_is_shown_once(hydrant):
    said = create(hydrant)
    got = hydrant.admin.get(path_of(said["client_id"]))
    assert got.status == 200 and got.json == {name: value for name, value in said.items() if name != "client_secret"}
    assert said["client_secret"] not in "".join(json.dumps(page) for page in pages(hydrant, 500))
    assert "client_secret\":" not in got.body.decode()


def test_the_secret_rests_as_a_digest(hydrant, on_postgres, request):
    made, given = create(hydrant)["client_secret"], "given-secret-%s-of-32-characters" % secrets.token_hex(4)
    create(hydrant, client_secret=given)
    if on_postgres:
        at_rest = str(request.getfixturevalue("postgres").ask("SELECT row_to_json(c)::text FROM clients c"))
    else:
        at_rest = "".join(open(name, "rb").read().decode("latin-1") for name in glob.glob(hydrant.settings["dsn"].removeprefix("sqlite://") + "*"))
    assert "$sha256$" in at_rest and made not in at_rest and given not in at_rest
    assert made not in hydrant.log and given not in hydrant.log


def test_a_given_secret_is_the_clients(hydrant, session):
    secret = "given-secret-of-at-least-32-characters"
    client = create(hydrant, client_secret=secret, scope="api")
    assert client["client_secret"] == secret
    answer = hydrant.exchange(session, client=None, headers={"Authorization": basic(client["client_id"], secret)})
    assert answer.status == 200


def test_a_public_client_has_no_secret(hydrant):
    assert "client_secret" not in create(hydrant, token_endpoint_auth_method="none")


def test_a_whole_record_comes_back_as_it_was_given(hydrant):
    record = {"client_id": new_id(), "client_name": "Ä \"name\"", "scope": "api read", "audience": ["https://a.example.com"], "token_endpoint_auth_method": "none", "grant_types": [EXCHANGE],
              "allowed_cors_origins": ["https://a.example.com", "http://localhost:3000"], "refresh_token_with_cookie": True,
              "refresh_token": {"idle_ttl": "1h", "absolute_ttl": "2h", "grace": "10s", "coalesce": "5s", "skip_limit": 3, "ahead_max": 4, "rotation": "always"},
              "access_token": {"ttl": "5m", "algorithm": "ES256", "audience": ["https://a.example.com"]}, "metadata": {"team": ["x", {"n": 1.50}]}}
    create(hydrant, **record)
    got = hydrant.admin.get(path_of(record["client_id"])).json
    got.pop("created_at")
    assert got == record


def test_its_own_lifetimes_and_audience_hold(hydrant, session):
    client = create(hydrant, token_endpoint_auth_method="none", scope="api", audience=["https://a.example.com", "https://b.example.com"],
                    refresh_token={"idle_ttl": "10m", "absolute_ttl": "20m"}, access_token={"ttl": "5m", "audience": ["https://b.example.com"]})
    said = hydrant.exchange(session, client=None, client_id=client["client_id"]).json
    assert said["expires_in"] == 300 and 590 <= said["refresh_token_timeout"] <= 600 and 1190 <= said["authorization_expires_in"] <= 1200
    assert claims_of(said["access_token"])["aud"] == ["https://b.example.com"]


@pytest.mark.parametrize("client_id", ["a/b", "a?b&c=d", "a%20b", "a+b", "..", "a#b", "{}", "~" * 255])
def test_an_id_of_any_visible_characters_is_found_again(hydrant, client_id):
    client_id = (new_id() + client_id)[-255:]
    create(hydrant, client_id=client_id, token_endpoint_auth_method="none")
    assert hydrant.admin.get(path_of(client_id)).json["client_id"] == client_id
    assert hydrant.admin.request("DELETE", path_of(client_id)).status == 204


@pytest.mark.parametrize("record, named", [
    ({"client_id": ""}, "client_id"), ({"client_id": "a b"}, "client_id"), ({"client_id": "ü"}, "client_id"), ({"client_id": "x" * 256}, "client_id"), ({"client_id": 7}, "client_id"),
    ({"client_name": ["x"]}, "client_name"), ({"client_name": "x" * 256}, "client_name"),
    ({"client_secret": "short"}, "client_secret"), ({"client_secret": "x" * 257}, "client_secret"), ({"client_secret": 7}, "client_secret"), ({"client_secret": "x" * 32, "token_endpoint_auth_method": "none"}, "client_secret"),
    ({"token_endpoint_auth_method": "private"}, "token_endpoint_auth_method"), ({"token_endpoint_auth_method": None}, "token_endpoint_auth_method"),
    ({"grant_types": []}, "grant_types"), ({"grant_types": ["password"]}, "grant_types"), ({"grant_types": "refresh_token"}, "grant_types"), ({"grant_types": [None]}, "grant_types"),
    ({"scope": ["api"]}, "scope"), ({"scope": 'a"b'}, "scope"), ({"scope": "a\\b"}, "scope"), ({"scope": "x" * 4097}, "scope"), ({"scope": "offline_access", "token_endpoint_auth_method": "none"}, "offline_access"),
    ({"audience": "https://a.example.com"}, "audience"), ({"audience": [""]}, "audience"),
    ({"allowed_cors_origins": ["*"]}, "allowed_cors_origins"), ({"allowed_cors_origins": ["null"]}, "allowed_cors_origins"), ({"allowed_cors_origins": ["https://a.example.com/"]}, "allowed_cors_origins"),
    ({"allowed_cors_origins": ["http://a.example.com"]}, "allowed_cors_origins"), ({"allowed_cors_origins": ["https://A.example.com"]}, "allowed_cors_origins"), ({"allowed_cors_origins": ["https://*.example.com"]}, "allowed_cors_origins"),
    ({"allowed_cors_origins": ["https://a.example.com:99999"]}, "allowed_cors_origins"), ({"allowed_cors_origins": ["a.example.com"]}, "allowed_cors_origins"), ({"allowed_cors_origins": "https://a.example.com"}, "allowed_cors_origins"),
    ({"refresh_token_with_cookie": "yes"}, "refresh_token_with_cookie"), ({"refresh_token_with_cookie": 1}, "refresh_token_with_cookie"),
    ({"refresh_token": "14d"}, "refresh_token"), ({"refresh_token": {"grace": "10s", "coalesce": "11s"}}, "refresh_token.coalesce"), ({"refresh_token": {"idle_ttl": "0s"}}, "refresh_token.idle_ttl"),
    ({"refresh_token": {"idle_ttl": "31d"}}, "refresh_token.idle_ttl"), ({"refresh_token": {"grace": 60}}, "grace"), ({"refresh_token": {"grace": "soon"}}, "grace"), ({"refresh_token": {"skip_limit": -1}}, "skip_limit"),
    ({"refresh_token": {"rotation": "sometimes"}}, "refresh_token.rotation"), ({"refresh_token": {"ttl": "1h"}}, "refresh_token.ttl"),
    ({"access_token": {"ttl": "0s"}}, "access_token.ttl"), ({"access_token": {"ttl": "25h"}}, "access_token.ttl"), ({"access_token": {"algorithm": "HS256"}}, "access_token.algorithm"), ({"access_token": {"algorithm": "EdDSA"}}, "keys.algorithms"), ({"access_token": {"claims": {}}}, "access_token.claims"),
    ({"redirect_uris": ["https://a.example.com"]}, "redirect_uris"), ({"jwks": {}}, "jwks"),
])
def test_a_record_that_is_wrong_is_refused_with_the_member_s_name(hydrant, record, named):
    answer = hydrant.admin.post_json(CLIENTS, {"client_id": new_id(), **record})
    assert answer.status == 400 and answer.json["error"] == "invalid_client_metadata", answer
    assert named in answer.json["error_description"]
    for value in record.values():
        assert not isinstance(value, str) or len(value) < 5 or value not in answer.body.decode() or "secret" not in named


def test_an_algorithm_that_no_key_is_made_for_is_refused(hydrant):
    answer = hydrant.admin.post_json("/admin/clients", {"access_token": {"algorithm": "RS256"}})
    assert answer.status == 400 and answer.json["error"] == "invalid_client_metadata" and "keys.algorithms" in answer.json["error_description"]


@pytest.mark.parametrize("body", ["", "x", "[]", "null", '"text"', "{", "{}{}", '{"scope":"a","scope":"b"}', '{"metadata":' + "[" * 200 + "]" * 200 + "}", '{"client_name":"\\ud800"}', b'{"client_name":"\xff"}', '{"metadata":{"x":"' + "y" * 40000 + '"}}'],
                         ids=["nothing", "no JSON", "a list", "null", "a text", "half", "two", "a name twice", "deep", "half a surrogate", "no UTF-8", "over 32 KiB"])
def test_a_body_that_is_no_record_is_refused(hydrant, body):
    answer = hydrant.admin.request("POST", CLIENTS, body, {"Content-Type": "application/json"})
    assert answer.status == 400 and answer.json["error"] == "invalid_client_metadata", answer


def test_a_refused_record_is_not_stored(hydrant):
    client_id = new_id()
    hydrant.admin.post_json(CLIENTS, {"client_id": client_id, "scope": 'a"b'})
    assert hydrant.admin.get(path_of(client_id)).status == 404


def test_an_id_that_is_taken_is_a_conflict_and_the_first_stays(hydrant):
    first = create(hydrant, client_name="first")
    answer = hydrant.admin.post_json(CLIENTS, {"client_id": first["client_id"], "client_name": "second"})
    assert answer.status == 409 and answer.json["error"] == "conflict"
    assert hydrant.admin.get(path_of(first["client_id"])).json["client_name"] == "first"


# ---- clients of the settings ----

def test_a_client_of_the_settings_is_shown_without_its_secret(hydrant):
    got = hydrant.admin.get(path_of("backend"))
    assert got.status == 200 and got.json["client_id"] == "backend" and got.json["scope"] == "api read offline_access"
    assert "client_secret" not in got.json and "created_at" not in got.json and "sha256" not in got.body.decode()


def test_it_can_be_neither_taken_nor_deleted_here(hydrant):
    assert hydrant.admin.post_json(CLIENTS, {"client_id": "spa"}).status == 409
    answer = hydrant.admin.request("DELETE", path_of("spa"))
    assert answer.status == 409 and "settings" in answer.json["error_description"]
    assert hydrant.admin.get(path_of("spa")).status == 200


# ---- list ----

def pages(hydrant, size):
    """follows the Link headers"""
    path, seen = "%s?page_size=%d" % (CLIENTS, size), []
    while path is not None:
        answer = hydrant.admin.get(path)
        assert answer.status == 200 and answer.header("Cache-Control") == "no-store", answer
        seen.append(answer.json)
        link = answer.header("Link")
        assert link is None or (link.startswith("<" + CLIENTS) and link.endswith('>; rel="next"'))
        path = None if link is None else link[1:link.index(">")]
    return seen


def test_rfc_8288_the_list_is_paged_with_links_and_complete(hydrant):
    made = [create(hydrant, client_id=new_id() + "/&?" + str(i), token_endpoint_auth_method="none")["client_id"] for i in range(5)]
    fixed = [client["client_id"] for client in hydrant.settings["clients"]]
    found = pages(hydrant, 2)
    assert [client["client_id"] for client in found[0]][:len(fixed)] == fixed  # the settings' own come first
    rows = [client["client_id"] for page in found for client in page][len(fixed):]
    assert rows == sorted(set(rows)) and set(made) <= set(rows)
    assert all(len(page) == 2 for page in found[1:-1]) and len(found[0]) == len(fixed) + 2
    assert [client["client_id"] for page in pages(hydrant, 500) for client in page][len(fixed):] == rows


@pytest.mark.parametrize("size", ["0", "-1", "501", "x", "1e2", "99999999999999999999"])
def test_a_page_size_out_of_range_is_refused(hydrant, size):
    answer = hydrant.admin.get("%s?page_size=%s" % (CLIENTS, size))
    assert answer.status == 400 and "1 to 500" in answer.json["error_description"]


@pytest.mark.parametrize("token", ["", "zzzz", "%00", "%zz"])
def test_a_page_token_of_nobody_is_no_error(hydrant, token):
    assert hydrant.admin.get("%s?page_token=%s" % (CLIENTS, token)).status == 200


# ---- get and delete ----

@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_client_that_is_not_there_is_404(hydrant, method):
    answer = hydrant.admin.request(method, path_of(new_id()))
    assert answer.status == 404 and answer.json["error"] == "not_found"


def test_a_deleted_client_is_gone(hydrant):
    client_id = create(hydrant)["client_id"]
    answer = hydrant.admin.request("DELETE", path_of(client_id))
    assert answer.status == 204 and answer.body == b""
    assert hydrant.admin.get(path_of(client_id)).status == 404
    assert hydrant.admin.request("DELETE", path_of(client_id)).status == 404
    assert client_id not in json.dumps(pages(hydrant, 500))


def test_deleting_a_client_ends_its_grants_for_good(hydrant, session):
    client_id = create(hydrant, token_endpoint_auth_method="none", scope="api")["client_id"]
    token = hydrant.exchange(session, client=None, client_id=client_id).json["refresh_token"]
    hydrant.admin.request("DELETE", path_of(client_id))
    assert hydrant.refresh(token, client=None, client_id=client_id).json["error"] == "invalid_client"
    create(hydrant, client_id=client_id, token_endpoint_auth_method="none", scope="api")  # the name again doesn't bring them back
    answer = hydrant.refresh(token, client=None, client_id=client_id)
    assert answer.status == 400 and answer.json["error"] == "invalid_grant", answer
    assert hydrant.exchange(session, client=None, client_id=client_id).status == 200


@pytest.mark.parametrize("path, allowed", [(CLIENTS, {"GET", "HEAD", "POST"}), (CLIENTS + "/spa", {"GET", "HEAD", "DELETE"})])
def test_other_methods_are_405(hydrant, path, allowed):
    answer = hydrant.admin.request("PROPFIND", path)
    assert answer.status == 405 and set(answer.header("Allow").split(", ")) == allowed


def test_what_was_changed_is_in_the_log(hydrant):
    made = hydrant.admin.post_json(CLIENTS, {"client_id": new_id()})
    deleted = hydrant.admin.request("DELETE", path_of(made.json["client_id"]))
    for answer, endpoint, outcome in ((made, "create_client", "created"), (deleted, "delete_client", "deleted")):
        line = hydrant.line_of(answer)
        assert (line["endpoint"], line["outcome"], line["client"]) == (endpoint, outcome, made.json["client_id"])
