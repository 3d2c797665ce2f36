"""introspect_parts: resource servers and a confidential client that introspect, and what they are told."""
import pytest

from parts import DEFAULT_CLIENTS, Hydrant, basic, default_settings, form, merge

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
API = ("https://api.example.com", "secret-of-the-api-with-32-letters")         # a resource server: its audience is its client_id
SHOP = ("https://shop.example.com", "secret-of-the-shop-with-32-letters")      # another one
OWNER = ("owner", "secret-of-the-owner-with-32-letters")                       # a confidential client that refreshes
JWT = {"Accept": "application/token-introspection+jwt"}
INACTIVE = b'{"active":false}'


def confidential(pair, **record):
    return {"client_id": pair[0], "client_secret": pair[1], **record}


CLIENTS = DEFAULT_CLIENTS + [confidential(API), confidential(SHOP), confidential(OWNER, scope="api read offline_access")]


@pytest.fixture(scope="module")
def hydrant(kratos, fresh_dsn, migrated):
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {"clients": CLIENTS}))
    yield server
    server.stop()


@pytest.fixture
def launch(start):
    return lambda changes=None, **options: start({"clients": CLIENTS, **(changes or {})}, **options)


def owned(hydrant, session, **parameters):
    """what the exchange says to the confidential client"""
    answer = hydrant.exchange(session, client=None, headers={"Authorization": basic(*OWNER)}, **parameters)
    assert answer.status == 200, answer
    return answer.json


def owner_refreshes(hydrant, token):
    return hydrant.refresh(token, client=None, headers={"Authorization": basic(*OWNER)})


def owner_revokes(hydrant, token):
    answer = hydrant.public.request("POST", "/oauth2/revoke", form({"token": token}), {**FORM, "Authorization": basic(*OWNER)})
    assert answer.status == 200, answer


def says(answer):
    assert answer.status == 200 and answer.header("Cache-Control") == "no-store" and answer.header("Pragma") == "no-cache", answer
    assert answer.header("Content-Type") == "application/json"
    return answer.json


def is_active(hydrant, token, client=API):
    answer = hydrant.introspect(token, client)
    said = says(answer)
    assert said["active"] is True or answer.body == INACTIVE, answer
    return said["active"]


def admin(hydrant, token, **parameters):
    return hydrant.admin.request("POST", "/admin/oauth2/introspect", form({"token": token, **parameters}), FORM)


def forged(token):
    at = len(token) - 20
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]
