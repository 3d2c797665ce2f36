"""Clients that no one here wrote do the main job against the server's own binary."""
import json
import os
import subprocess

import pytest
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.jose.errors import BadSignatureError
from jwcrypto import jwk
from jwcrypto.common import JWException

from parts import BUILD, free_port, header_of, unpadded, verify

ALGORITHMS = ["ES256", "ES384", "RS256", "PS256", "EdDSA"]
KNOWN_TO_LIBJWT = ["ES256", "ES384", "RS256"]
HERE = os.path.dirname(os.path.abspath(__file__))
AUDIENCE = "https://api.example.com"


@pytest.fixture
def start_with(start):
    """a function that starts a server whose only keys are for one algorithm; its issuer is where it is"""
    def run(algorithm, **access_token):
        port = free_port()
        issuer = "http://127.0.0.1:%d" % port
        return issuer, start({"serve": {"public": {"port": port}}, "urls": {"self": {"issuer": issuer}}, "keys": {"algorithms": [algorithm]},
                              "access_token": {"algorithm": algorithm, **access_token}})
    return run


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_oauth4webapi_exchanges_refreshes_and_revokes_and_jose_verifies_from_the_jwks(start_with, session, algorithm):
    issuer, _ = start_with(algorithm)
    done = subprocess.run(["node", os.path.join(HERE, "oauth4webapi.mjs"), issuer, "spa", session["session_token"], AUDIENCE],
                          capture_output=True, text=True, timeout=60, cwd=HERE)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["alg"] == algorithm
    assert said["payload"]["sub"] == said["sub"] == session["identity_id"]
    assert said["payload"]["sid"] == session["session_id"]
    assert said["rotated"] is True
    assert said["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert said["dead"] == "invalid_grant"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_jose_verifies_the_access_token_from_the_jwks_and_refuses_a_changed_one(start_with, session, algorithm):
    issuer, hydrant = start_with(algorithm)
    token = hydrant.exchange(session).json["access_token"]
    done = subprocess.run(["node", os.path.join(HERE, "jose_verify.mjs"), issuer, AUDIENCE, issuer + "/.well-known/jwks.json", algorithm, token],
                          capture_output=True, text=True, timeout=60, cwd=HERE)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["header"]["alg"] == algorithm and said["payload"]["sub"] == session["identity_id"]
    assert said["refused"] == "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"


def changed(token):
    head, payload, signature = token.split(".")
    return ".".join([head, payload, ("AAAA" if signature[:4] != "AAAA" else "BBBB") + signature[4:]])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_jwcrypto_and_authlib_verify_the_access_token_from_the_jwks_and_refuse_a_changed_one(start_with, session, algorithm):
    _, hydrant = start_with(algorithm)
    token = hydrant.exchange(session).json["access_token"]
    jwks = hydrant.jwks()
    assert verify(token, jwks)["sub"] == session["identity_id"]
    authlib_jwt = JsonWebToken([algorithm])
    claims = authlib_jwt.decode(token, JsonWebKey.import_key_set(jwks))
    claims.validate()
    assert claims["sid"] == session["session_id"]
    with pytest.raises(BadSignatureError):
        authlib_jwt.decode(changed(token), JsonWebKey.import_key_set(jwks))
    with pytest.raises(JWException):
        verify(changed(token), jwks)


@pytest.mark.parametrize("bits", [2048, 3072])
def test_rsa_keys_of_each_size_verify(start, session, bits):
    hydrant = start({"access_token": {"algorithm": "PS256"}, "keys": {"algorithms": ["PS256"], "rsa_bits": bits}})
    jwks = hydrant.jwks()
    assert {len(unpadded(key["n"])) * 8 for key in jwks["keys"]} == {bits}
    assert verify(hydrant.exchange(session).json["access_token"], jwks)["sub"] == session["identity_id"]


def test_resources_and_clients_each_have_their_own_algorithm(start, session):
    """one server, all algorithms: a resource names its own, a client's own goes before it"""
    resources = {"https://%s.example.com" % algorithm.lower(): {"algorithm": algorithm} for algorithm in ALGORITHMS}
    hydrant = start({"keys": {"algorithms": ALGORITHMS}, "access_token": {"resources": resources}})
    jwks = hydrant.jwks()
    assert sorted(key["alg"] for key in jwks["keys"]) == sorted(2 * ALGORITHMS)
    for audience, resource in resources.items():
        client_id = "of-" + resource["algorithm"]
        for own in (None, "EdDSA"):
            record = {"client_id": "%s-%s" % (client_id, own), "token_endpoint_auth_method": "none", "scope": "api", "audience": [audience]}
            record.update({} if own is None else {"access_token": {"algorithm": own}})
            assert hydrant.admin.post_json("/admin/clients", record).status == 201
            token = hydrant.exchange(session, client=None, client_id=record["client_id"], audience=audience).json["access_token"]
            assert header_of(token)["alg"] == (own or resource["algorithm"])
            assert verify(token, jwks, audience)["sub"] == session["identity_id"]


@pytest.mark.parametrize("algorithm", KNOWN_TO_LIBJWT)
def test_libjwt_verifies_the_access_token(start_with, session, algorithm):
    """libjwt 1.10 refuses every typ but JWT, so this is also the test of access_token.typ"""
    _, hydrant = start_with(algorithm, typ="JWT")
    token = hydrant.exchange(session).json["access_token"]
    kid = header_of(token)["kid"]
    key = next(k for k in hydrant.jwks()["keys"] if k["kid"] == kid)
    pem = jwk.JWK.from_json(json.dumps(key)).export_to_pem()
    program = os.path.join(BUILD, "tests", "libjwt_verify")
    good = subprocess.run([program, algorithm, token], input=pem, capture_output=True)
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["sub"] == session["identity_id"]
    assert subprocess.run([program, algorithm, changed(token)], input=pem, capture_output=True).returncode == 1
