"""Clients that no one here wrote do the main job against the server's own binary."""
import json
import os
import subprocess

import pytest
from authlib.jose import JsonWebKey, jwt as authlib_jwt

from parts import BUILD, free_port, unpadded, verify

HERE = os.path.dirname(os.path.abspath(__file__))
AUDIENCE = "https://api.example.com"


@pytest.fixture
def at_its_own_address(start):
    port = free_port()
    issuer = "http://127.0.0.1:%d" % port
    return issuer, start({"serve": {"public": {"port": port}}, "urls": {"self": {"issuer": issuer}}})


def test_oauth4webapi_exchanges_refreshes_and_revokes_and_jose_verifies_from_the_jwks(at_its_own_address, session):
    issuer, _ = at_its_own_address
    done = subprocess.run(["node", os.path.join(HERE, "oauth4webapi.mjs"), issuer, "spa", session["session_token"], AUDIENCE],
                          capture_output=True, text=True, timeout=60, cwd=HERE)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["alg"] == "ES256"
    assert said["payload"]["sub"] == said["sub"] == session["identity_id"]
    assert said["payload"]["sid"] == session["session_id"]
    assert said["rotated"] is True
    assert said["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert said["dead"] == "invalid_grant"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_jwcrypto_and_authlib_verify_the_access_token_from_the_jwks(start, session, algorithm):
    hydrant = start({"keys": {"algorithms": [algorithm]}, "access_token": {"algorithm": algorithm}})
    token = hydrant.exchange(session).json["access_token"]
    jwks = hydrant.jwks()
    assert verify(token, jwks)["sub"] == session["identity_id"]
    claims = authlib_jwt.decode(token, JsonWebKey.import_key_set(jwks))
    claims.validate()
    assert claims["sid"] == session["session_id"]


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_libjwt_verifies_the_access_token(start, session, algorithm):
    """libjwt 1.10 refuses every typ but JWT, so this is also the test of access_token.typ"""
    from jwcrypto import jwk
    hydrant = start({"keys": {"algorithms": [algorithm]}, "access_token": {"algorithm": algorithm, "typ": "JWT"}})
    token = hydrant.exchange(session).json["access_token"]
    kid = json.loads(unpadded(token.split(".")[0]))["kid"]
    key = next(k for k in hydrant.jwks()["keys"] if k["kid"] == kid)
    pem = jwk.JWK.from_json(json.dumps(key)).export_to_pem()
    program = os.path.join(BUILD, "tests", "libjwt_verify")
    good = subprocess.run([program, algorithm, token], input=pem, capture_output=True)
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["sub"] == session["identity_id"]
    head, payload, signature = token.split(".")
    forged = ".".join([head, payload, signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB")])
    assert subprocess.run([program, algorithm, forged], input=pem, capture_output=True).returncode == 1
