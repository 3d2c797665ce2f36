"""token_parts: keys and tokens for the tests of `hydrant token`, and what its table says."""
import base64
import json
import time

import pytest
from jwcrypto import jwk, jws

from terminal import run

ISSUER, AUDIENCE = "https://issuer.test/", "https://api.example.com"
CHECKS = ["parsed", "crit", "alg", "kid", "key", "signature", "typ", "iss", "aud", "exp", "nbf", "iat"]
KEYS = {
    "ES256": lambda: jwk.JWK.generate(kty="EC", crv="P-256"), "ES384": lambda: jwk.JWK.generate(kty="EC", crv="P-384"), "EdDSA": lambda: jwk.JWK.generate(kty="OKP", crv="Ed25519"),
    "RS256": lambda: jwk.JWK.generate(kty="RSA", size=2048), "PS256": lambda: jwk.JWK.generate(kty="RSA", size=2048),
}
BY_BOTH = ["ES256", "ES384", "RS256"]


def text_of(value):
    return base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def keys():
    return {algorithm: make() for algorithm, make in KEYS.items()}


def public(keys, **changes):
    listed = []
    for algorithm, key in keys.items():
        listed.append({**json.loads(key.export_public()), "kid": "key-" + algorithm, "alg": algorithm, "use": "sig", **changes})
    return {"keys": listed}


@pytest.fixture(scope="module")
def key_set(keys, tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "jwks.json"
    path.write_text(json.dumps(public(keys)))
    return str(path)


@pytest.fixture
def sign(keys):
    """a function that makes a token that is good, but for what it is told"""
    def make(algorithm="ES256", header=None, key=None, payload=None, **claims):
        now = int(time.time())
        said = {"iss": ISSUER, "aud": [AUDIENCE], "sub": "someone", "iat": now, "exp": now + 900, **claims}
        said = {name: value for name, value in said.items() if value is not None}
        head = {name: value for name, value in {"alg": algorithm, "typ": "at+jwt", "kid": "key-" + algorithm, **(header or {})}.items() if value is not None}
        signed = jws.JWS(json.dumps(said) if payload is None else payload)
        signed.allowed_algs = list(KEYS) + ["HS256"]
        signed.add_signature(key or keys[algorithm], alg=head.get("alg"), protected=json.dumps(head))
        return signed.serialize(compact=True)
    return make


ALL_ASKED = ("--issuer", ISSUER, "--audience", AUDIENCE, "--type", "at+jwt")


def verify(token, key_set, *options, given=None):
    """what the table says: {check: (outcome, words)}, and how it ended"""
    done = run("token", "verify", *([token] if token is not None else []), "--jwks", key_set, *options, given=given)
    rows = {}
    for line in done.out.split("\n\n")[0].splitlines():
        rows[line[:10].strip()] = (line[11:21].strip(), line[22:])
    return rows, done


def failed(rows):
    return [name for name, (outcome, _) in rows.items() if outcome == "FAILED"]
