"""Introspection (RFC 7662, RFC 9701) by clients that no one here wrote."""
import json
import os
import subprocess

import pytest
from authlib.integrations.requests_client import OAuth2Session

from parts import BOTH_ALGORITHMS, DEFAULT_CLIENTS, SECRETS, free_port

HERE = os.path.dirname(os.path.abspath(__file__))
API, SECRET = "https://api.example.com", "secret-of-the-api-with-32-letters"


@pytest.fixture
def served(start):
    """a function: issuer and server, with a resource server among its clients"""
    def run(api_method="client_secret_basic", **access_token):
        port = free_port()
        issuer = "http://127.0.0.1:%d" % port
        return issuer, start({"serve": {"public": {"port": port}}, "urls": {"self": {"issuer": issuer}}, "keys": BOTH_ALGORITHMS, "access_token": {"audience": [API, "shop"], **access_token},
                              "clients": DEFAULT_CLIENTS + [{"client_id": API, "client_secret": SECRET, "token_endpoint_auth_method": api_method}, {"client_id": "shop", "client_secret": SECRET}]})
    return run


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_oauth4webapi_reads_both_answers_and_verifies_the_jwt_from_the_jwks(served, session, algorithm):
    issuer, hydrant = served(algorithm=algorithm)
    said = hydrant.exchange(session).json
    revoked = hydrant.exchange(session).json
    hydrant.revoke(revoked["refresh_token"])
    done = subprocess.run(["node", os.path.join(HERE, "introspect.mjs"), issuer, API, SECRET, said["access_token"], revoked["access_token"], "garbage"],
                          capture_output=True, text=True, timeout=60, cwd=HERE)
    assert done.returncode == 0, done.stderr
    live, dead, garbage = json.loads(done.stdout)
    assert live["json"]["active"] is True and live["json"]["sub"] == session["identity_id"] and live["jwt"] == live["json"]
    assert dead["json"] == dead["jwt"] == garbage["json"] == garbage["jwt"] == {"active": False}
    assert live["type"] == dead["type"] == "application/token-introspection+jwt"


@pytest.mark.parametrize("method, client, secret", [("client_secret_post", API, SECRET), ("client_secret_post", "poster", SECRETS["poster"]), ("client_secret_basic", "shop", SECRET)])
def test_authlib_introspects(served, session, method, client, secret):
    """it does not form-encode what it puts into the header (RFC 6749 2.3.1 asks for that), so a client_id with a colon goes into the body"""
    issuer, hydrant = served(api_method="client_secret_post")
    said = hydrant.exchange(session, client="poster").json
    asker = OAuth2Session(client, secret, revocation_endpoint_auth_method=method)
    answer = asker.introspect_token(issuer + "/oauth2/introspect", token=said["access_token"], token_type_hint="access_token")
    assert answer.status_code == 200 and answer.json()["active"] is True and answer.json()["sub"] == session["identity_id"]
    if client == "poster":
        assert asker.introspect_token(issuer + "/oauth2/introspect", token=said["refresh_token"]).json()["token_use"] == "refresh_token"
    hydrant.revoke(said["refresh_token"], client=None, client_id="poster", client_secret=SECRETS["poster"])
    assert asker.introspect_token(issuer + "/oauth2/introspect", token=said["access_token"]).json() == {"active": False}
