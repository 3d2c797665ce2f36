"""ending_parts: servers that share a database, and the ways to end grants there and to see that they ended."""
import json
import urllib.parse

import pytest

from parts import Hydrant, default_settings, free_port, merge

GRANTS, HOOK = "/admin/grants", "/hooks/kratos/revoke"
KEY = "Bearer a-hook-key-of-visible-characters"
FILTERS = {"session": "session_id", "subject": "identity_id", "client": None}


def settings_of(kratos, fresh_dsn, **changes):
    return merge(default_settings(kratos, fresh_dsn()), {"kratos": {"hook_api_key": KEY}, **changes})


@pytest.fixture(scope="module")
def servers(kratos, fresh_dsn, migrated, on_postgres):
    """on Postgres two on one database, else one"""
    settings = settings_of(kratos, fresh_dsn)
    running = [Hydrant(settings)]
    if on_postgres:
        serve = {**settings["serve"], "public": {"host": "127.0.0.1", "port": free_port()}, "admin": {"host": "127.0.0.1", "port": free_port()}}
        running.append(Hydrant({**settings, "serve": serve}))
    yield running
    for server in running:
        server.stop()


@pytest.fixture(scope="module")
def server(servers):
    return servers[0]


@pytest.fixture(scope="module")
def other(servers):
    return servers[-1]


def grants_path(**query):
    return GRANTS + "?" + urllib.parse.urlencode(query)


def listed(server, **query):
    answer = server.admin.get(grants_path(**query))
    assert answer.status == 200, answer
    return answer.json


def delete(server, path):
    answer = server.admin.request("DELETE", path)
    assert answer.status == 200, answer
    return answer.json["revoked"]


def hook(server, body, authorization=KEY):
    headers = {"Content-Type": "application/json", **({} if authorization is None else {"Authorization": authorization})}
    return server.admin.request("POST", HOOK, body if isinstance(body, (str, bytes)) else json.dumps(body), headers)


def token_for(server, session, client="mobile"):
    answer = server.exchange(session, client=client)
    assert answer.status == 200, answer
    return answer.json["refresh_token"]


def is_dead(server, token, client="mobile"):
    answer = server.refresh(token, client=client)
    assert answer.status == 200 or (answer.status == 400 and answer.json["error"] == "invalid_grant"), answer
    return answer.status == 400


def own_client(server, **record):
    answer = server.admin.post_json("/admin/clients", {"token_endpoint_auth_method": "none", "scope": "api", **record})
    assert answer.status == 201, answer
    return answer.json["client_id"]


def exchange_as(server, session, client_id):
    return server.exchange(session, client=None, client_id=client_id)
