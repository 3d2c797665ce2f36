"""The key set with a key of every algorithm in it (docs/keys.md; RFC 7517, 7518, 8037), and while there is no database."""
import time

import pytest

from parts import Hydrant, default_settings, header_of, merge, unpadded, verify

JWKS = "/.well-known/jwks.json"
BACK_S = 20  # until every worker is connected again
ALGORITHMS = ["ES256", "ES384", "RS256", "PS256", "EdDSA"]
MEMBERS = {  # what is public of a key, and how many octets it has: RFC 7518 6.2.1.2: fixed width; RFC 8037 2
    "ES256": {"kty": "EC", "crv": "P-256", "x": 32, "y": 32},
    "ES384": {"kty": "EC", "crv": "P-384", "x": 48, "y": 48},
    "RS256": {"kty": "RSA", "n": 256, "e": 3},
    "PS256": {"kty": "RSA", "n": 256, "e": 3},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519", "x": 32},
}
SIGNATURE_LEN = {"ES256": 64, "ES384": 96, "RS256": 256, "PS256": 256, "EdDSA": 64}  # RFC 7518 3.4: R and S at their full width


@pytest.fixture(scope="module")
def every(kratos, fresh_dsn, migrated):
    """a server with all algorithms, and a client of each"""
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {
        "keys": {"algorithms": ALGORITHMS},
        "clients": [{"client_id": name, "token_endpoint_auth_method": "none", "access_token": {"algorithm": name}} for name in ALGORITHMS]}))
    yield server
    server.stop()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_has_one_key_that_signs_and_one_ahead_and_shows_their_public_members_only(every, algorithm):
    keys = [key for key in every.jwks()["keys"] if key["alg"] == algorithm]
    assert len(keys) == 2 and keys[0]["kid"] != keys[1]["kid"]
    members = MEMBERS[algorithm]
    for key in keys:
        assert set(key) == {"use", "alg", "kid", *members} and key["use"] == "sig"
        for name, right in members.items():
            assert (key[name] if name in ("kty", "crv") else len(unpadded(key[name]))) == right, name


def test_rfc_7638_and_8037_2_every_kid_is_the_thumbprint(every):
    from jwcrypto import jwk
    for key in every.jwks()["keys"]:
        assert jwk.JWK(**key).thumbprint() == key["kid"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_each_algorithm_verifies_by_the_key_that_it_names(every, session, algorithm):
    token = every.exchange(session, client=algorithm).json["access_token"]
    header = header_of(token)
    assert header["alg"] == algorithm and set(header) == {"alg", "typ", "kid"}
    assert len(unpadded(token.rsplit(".", 1)[1])) == SIGNATURE_LEN[algorithm]
    key = [key for key in every.jwks()["keys"] if key["kid"] == header["kid"]]
    assert key[0]["alg"] == algorithm
    assert verify(token, {"keys": key})["sub"] == session["identity_id"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_each_algorithm_with_one_letter_changed_does_not(every, session, algorithm):
    from jwcrypto.common import JWException
    token = every.exchange(session, client=algorithm).json["access_token"]
    signed, _, signature = token.rpartition(".")
    changed = signature[:9] + ("A" if signature[9] != "A" else "B") + signature[10:]
    with pytest.raises(JWException):
        verify(signed + "." + changed, every.jwks())


def test_the_order_is_by_algorithm_and_the_same_each_time(every):
    answers = [every.public.get(JWKS) for _ in range(8)]
    assert len({answer.body for answer in answers}) == 1
    algorithms = [key["alg"] for key in answers[0].json["keys"]]
    assert all(algorithms[i] == algorithms[i + 1] for i in range(0, len(algorithms), 2))


@pytest.mark.parametrize("accept", ["application/json", "application/jwk-set+json"])
def test_200_304_and_head_in_both_content_types_for_every_origin(every, accept):
    asked = {"Accept": accept, "Origin": "https://anywhere.example"}
    whole = every.public.get(JWKS, asked)
    head = every.public.request("HEAD", JWKS, headers=asked)
    same = every.public.get(JWKS, {**asked, "If-None-Match": whole.header("ETag")})
    assert [answer.status for answer in (whole, head, same)] == [200, 200, 304]
    assert head.body == same.body == b"" and int(head.header("Content-Length")) == len(whole.body)
    assert whole.header("Content-Type") == head.header("Content-Type") == accept
    for name in ("ETag", "Cache-Control", "Access-Control-Allow-Origin"):
        assert whole.header(name) == head.header(name) == same.header(name) is not None
    assert whole.header("Access-Control-Allow-Origin") == "*"


def test_it_goes_on_answering_while_postgres_is_stopped(start, session, postgres):
    hydrant = start()
    before = hydrant.public.get(JWKS)
    postgres.stop()
    try:
        assert hydrant.exchange(session).status == 503
        assert hydrant.public.get("/health/ready").status == 503
        for _ in range(20):
            answer = hydrant.public.get(JWKS)
            assert answer.status == 200 and answer.body == before.body and answer.header("ETag") == before.header("ETag")
        assert hydrant.public.get(JWKS, {"If-None-Match": before.header("ETag")}).status == 304
    finally:
        postgres.start()
    until = time.monotonic() + BACK_S
    while hydrant.exchange(session).status != 200:
        assert time.monotonic() < until
        time.sleep(0.05)
