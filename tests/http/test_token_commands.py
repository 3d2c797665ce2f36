"""`hydrant token inspect` and `hydrant token verify`: each check, passing and failing, with its values (docs/interface.md, Commands)."""
import base64
import json
import time

import pytest
from jwcrypto import jwk, jws

from parts import free_port
from terminal import run

ISSUER, AUDIENCE = "https://issuer.test/", "https://api.example.com"
CHECKS = ["parsed", "alg", "kid", "signature", "typ", "iss", "aud", "exp", "nbf", "iat"]
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


# ---- a good token ----

@pytest.mark.parametrize("algorithm", list(KEYS))
def test_a_good_token_passes_every_check(sign, key_set, algorithm):
    rows, done = verify(sign(algorithm, nbf=int(time.time())), key_set, *ALL_ASKED)
    assert done.code == 0 and done.err == "" and "The token is good" in done.out, done
    assert list(rows) == CHECKS and {outcome for outcome, _ in rows.values()} == {"ok"}


@pytest.mark.parametrize("algorithm", list(KEYS))
def test_libjwt_is_asked_too_where_it_can_be(sign, key_set, algorithm):
    """libjwt 1.10 knows neither PS256 nor EdDSA, and decodes no typ but JWT"""
    def opinion(typ):
        return verify(sign(algorithm, header={"typ": typ}), key_set)[0]["signature"]
    both, alone = "it is the key's, by Hydrant's own verification and by libjwt's", "it is the key's, by Hydrant's own verification alone: this libjwt "
    for typ in ("JWT", None):
        assert opinion(typ) == ("ok", both if algorithm in BY_BOTH else alone + "does not know the algorithm")
    outcome, words = opinion("at+jwt")
    assert outcome == "ok" and words in (both, alone + "takes no typ but JWT", alone + "does not know the algorithm"), words
    assert (words == alone + "does not know the algorithm") == (algorithm not in BY_BOTH)


@pytest.mark.parametrize("algorithm", list(KEYS))
def test_our_own_token_from_our_own_key_set(start, own_dsn, session, algorithm):
    hydrant = start({"dsn": own_dsn(), "access_token": {"algorithm": algorithm}, "keys": {"algorithms": [algorithm]}})
    url = "http://127.0.0.1:%d/.well-known/jwks.json" % hydrant.public.port
    token = hydrant.exchange(session).json["access_token"]
    rows, done = verify(token, url, "--issuer", "http://localhost:4477", "--audience", AUDIENCE, "--type", "at+jwt")
    assert done.code == 0 and failed(rows) == [], done
    assert "the set has 2 keys" in rows["kid"][1] and ", in 14m" in rows["exp"][1] or ", in 15m" in rows["exp"][1]


def test_what_is_not_asked_is_said_and_shown(sign, key_set):
    rows, done = verify(sign(), key_set)
    assert done.code == 0, done
    assert rows["typ"] == ("not asked", "at+jwt") and rows["iss"] == ("not asked", ISSUER) and rows["aud"] == ("not asked", '["%s"]' % AUDIENCE) and rows["nbf"] == ("not asked", "none")


def test_it_is_read_from_standard_input(sign, key_set):
    token = sign()
    for words in ([], ["-"]):
        done = run("token", "verify", *words, "--jwks", key_set, given=token + "\n")
        assert done.code == 0, done
    empty = run("token", "verify", "--jwks", key_set, given=" \n")
    assert empty.code == 1 and "there is no token" in empty.err


def test_as_json(sign, key_set):
    good = run("token", "verify", sign(), "--jwks", key_set, "--format", "json")
    said = json.loads(good.out)
    assert good.code == 0 and said["verified"] is True and [check["name"] for check in said["checks"]] == CHECKS
    assert {check["outcome"] for check in said["checks"]} == {"ok", "not_asked"}
    bad = run("token", "verify", sign(), "--jwks", key_set, "--issuer", "https://other.test", "--format", "json")
    said = json.loads(bad.out)
    assert bad.code == 1 and said["verified"] is False
    assert [(c["name"], c["words"]) for c in said["checks"] if c["outcome"] == "failed"] == [("iss", "the token says %s; asked for https://other.test" % ISSUER)]


# ---- each check failing, alone, with its words ----

NOW = int(time.time())
BROKEN = [
    ("iss", {"iss": "https://issuer.test"}, "the token says https://issuer.test; asked for " + ISSUER),
    ("iss", {"iss": None}, "the token says none; asked for " + ISSUER),
    ("iss", {"iss": [ISSUER]}, 'the token says ["%s"]' % ISSUER),
    ("aud", {"aud": "https://other.test"}, "the token says https://other.test; asked for " + AUDIENCE),
    ("aud", {"aud": [AUDIENCE + "/", "b"]}, 'asked for ' + AUDIENCE),
    ("aud", {"aud": None}, "the token says none"),
    ("typ", {"header": {"typ": "JWT"}}, "the token says JWT; asked for at+jwt"),
    ("typ", {"header": {"typ": None}}, "the token says none; asked for at+jwt"),
    ("exp", {"exp": NOW - 3700}, "ago: it is over (leeway 1m)"),
    ("exp", {"exp": None}, "the token has no end"),
    ("exp", {"exp": "soon"}, "soon is no number of seconds since 1970"),
    ("exp", {"exp": -1}, "-1 is no number of seconds since 1970"),
    ("exp", {"exp": 1e300}, "is no number of seconds since 1970"),
    ("nbf", {"nbf": NOW + 7300}, ": it has not begun (leeway 1m)"),
    ("iat", {"iat": NOW + 7300}, "it lies ahead: the issuer's clock or this one is wrong (leeway 1m)"),
]


@pytest.mark.parametrize("check, changes, words", BROKEN)
def test_each_claim_that_is_wrong_fails_alone_and_says_why(sign, key_set, check, changes, words):
    rows, done = verify(sign(**changes), key_set, *ALL_ASKED)
    assert failed(rows) == [check] and words in rows[check][1], rows[check]
    assert done.code == 1 and "The token is not to be trusted: 1 check failed." in done.out


@pytest.mark.parametrize("typ", ["AT+JWT", "application/at+jwt", "Application/At+Jwt"])
def test_rfc_7515_4_1_9_typ_is_a_media_type(sign, key_set, typ):
    assert failed(verify(sign(header={"typ": typ}), key_set, *ALL_ASKED)[0]) == []


def test_an_audience_may_be_a_text_or_one_of_a_list(sign, key_set):
    for aud in (AUDIENCE, ["https://a.test", AUDIENCE]):
        assert failed(verify(sign(aud=aud), key_set, *ALL_ASKED)[0]) == []


def test_the_leeway_is_what_is_asked_for(sign, key_set):
    late, early = sign(exp=int(time.time()) - 90), sign(nbf=int(time.time()) + 90)
    assert failed(verify(late, key_set)[0]) == ["exp"] and failed(verify(early, key_set)[0]) == ["nbf"]
    for token in (late, early):
        assert failed(verify(token, key_set, "--leeway", "5m")[0]) == []
    rows, _ = verify(sign(exp=int(time.time()) - 1), key_set, "--leeway", "0s")
    assert failed(rows) == ["exp"] and "(leeway 0s)" in rows["exp"][1]


@pytest.mark.parametrize("algorithm", list(KEYS))
def test_a_changed_token_fails_by_its_signature(sign, key_set, algorithm):
    head, payload, signature = sign(algorithm, header={"typ": "JWT"}).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    rows, done = verify(".".join([head, text_of({**claims, "sub": "admin"}), signature]), key_set)
    assert failed(rows) == ["signature"] and "it is not the key's, by Hydrant's own verification" in rows["signature"][1], rows
    assert (" and by libjwt's" in rows["signature"][1]) == (algorithm in BY_BOTH)
    assert done.code == 1


@pytest.mark.parametrize("algorithm", list(KEYS))
def test_a_stranger_s_signature_fails(sign, key_set, algorithm):
    rows, _ = verify(sign(algorithm, key=KEYS[algorithm]()), key_set, *ALL_ASKED)
    assert failed(rows) == ["signature"], rows


def test_an_unknown_kid_fails_and_the_set_s_kids_are_named(sign, key_set):
    rows, done = verify(sign(header={"kid": "old"}), key_set, *ALL_ASKED)
    assert done.code == 1 and failed(rows) == ["kid"]
    assert rows["kid"][1] == "old is not in the set; the set has 5 keys: " + ", ".join("key-" + a for a in KEYS)
    assert rows["signature"] == ("not asked", "there is no key to check it with")


def test_without_a_kid_it_fails(sign, key_set):
    rows, _ = verify(sign(header={"kid": None}), key_set, *ALL_ASKED)
    assert failed(rows) == ["kid"] and rows["kid"][1] == "the header names no key"


@pytest.mark.parametrize("alg", ["HS256", "none", "RS512", "es256"])
def test_an_algorithm_that_is_not_allowed_fails(sign, key_set, alg):
    head = text_of({"alg": alg, "typ": "at+jwt", "kid": "key-ES256"})
    rows, _ = verify(".".join([head] + sign().split(".")[1:]), key_set, *ALL_ASKED)
    assert failed(rows) == ["alg"] and rows["alg"][1] == alg + " is not allowed; allowed are: ES256 ES384 RS256 PS256 EdDSA"
    assert rows["signature"] == ("not asked", "there is no algorithm to check it with")


def test_rfc_8725_3_1_one_key_one_algorithm(sign, key_set, keys):
    rows, _ = verify(sign("PS256", key=keys["RS256"], header={"kid": "key-RS256"}), key_set, *ALL_ASKED)
    assert failed(rows) == ["alg"] and rows["alg"][1] == "PS256 says the token, but its key is for RS256 alone (RFC 8725 3.1)"


def test_a_key_that_says_no_algorithm_is_taken_and_one_for_encryption_is_not(sign, keys, tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [{name: value for name, value in key.items() if name not in ("alg", "use")} for key in public(keys)["keys"]]}))
    assert failed(verify(sign(), str(path), *ALL_ASKED)[0]) == []
    path.write_text(json.dumps(public(keys, use="enc")))
    rows, _ = verify(sign(), str(path), *ALL_ASKED)
    assert failed(rows) == ["kid"] and "not for signatures: its use is enc" in rows["kid"][1]


def test_a_key_that_is_none_of_its_algorithm_fails(sign, keys, tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [{**json.loads(keys["ES384"].export_public()), "kid": "key-ES256"}]}))
    rows, _ = verify(sign(), str(path), *ALL_ASKED)
    assert failed(rows) == ["signature"] and "no public key for this algorithm" in rows["signature"][1]


FORMS = [
    ("abc", "1 part;"), ("a.b", "2 parts;"), ("a.b.c.d", "4 parts;"), ("a.b.c.d.e", "five make a JWE"), ("e30=.e30.e30", "the header is not base64url"), ("e30.e 0.e30", "the payload is not base64url"), ("e30.e30.", "the signature is empty"),
    (text_of(b"[]") + ".e30.e30", "the header is no JSON object"), (text_of(b"{") + ".e30.e30", "header: "), (text_of(b'{"alg":"ES256","alg":"none"}') + ".e30.e30", "header: "), ("a" * 20000 + ".e30.e30", "it is over 16384 characters long"),
    (text_of({"alg": "ES256", "crit": ["exp"]}) + ".e30.e30", "the header has crit"), (text_of({"alg": "ES256", "b64": False}) + ".e30.e30", "the header has b64"),
]


@pytest.mark.parametrize("token, words", FORMS, ids=[words for _, words in FORMS])
def test_what_is_no_jws_fails_to_parse_and_the_rest_is_not_asked(key_set, token, words):
    rows, done = verify(token, key_set, *ALL_ASKED)
    assert done.code == 1 and rows["parsed"][0] == "FAILED" and words in rows["parsed"][1], done
    assert list(rows) == CHECKS and rows["signature"][0] == "not asked"


@pytest.mark.parametrize("payload", ["[]", "7", '{"sub":"a","sub":"b"}', "{"])
def test_a_payload_that_is_no_object_or_says_a_thing_twice_fails_though_its_signature_is_good(sign, key_set, payload):
    rows, _ = verify(sign(payload=payload), key_set, *ALL_ASKED)
    assert failed(rows) == ["parsed"] and rows["parsed"][1].startswith("payload: ") and rows["signature"][0] == "ok" and rows["iss"][0] == "not asked"


# ---- the key set ----

@pytest.mark.parametrize("content, words", [(None, "can't be read"), ("", "jwks.json: "), ("[]", "is no key set"), ('{"kty":"EC"}', "is no key set"), ('{"keys":{}}', "is no key set"), (300000, "larger than")])
def test_a_key_set_that_is_none_is_named(sign, tmp_path, content, words):
    path = tmp_path / "jwks.json"
    if content is not None:
        path.write_text(content if isinstance(content, str) else "{" * content)
    done = run("token", "verify", sign(), "--jwks", str(path))
    assert done.code == 1 and done.out == "" and done.err.startswith("hydrant token verify: " + str(path)) and words in done.err, done


def test_a_key_set_that_is_not_there_is_named(hydrant, sign):
    url = "http://127.0.0.1:%d/nothing" % hydrant.public.port
    done = run("token", "verify", sign(), "--jwks", url)
    assert done.code == 1 and done.out == "" and url + " answered 404" in done.err
    gone = "http://127.0.0.1:%d/jwks" % free_port()
    done = run("token", "verify", sign(), "--jwks", gone)
    assert done.code == 1 and gone + ": " in done.err, done


# ---- inspect ----

NOTICE = "NOTHING HERE WAS VERIFIED"


def test_inspect_shows_header_payload_and_times_and_says_that_nothing_was_verified(sign):
    now = int(time.time())
    done = run("token", "inspect", sign(exp=now + 905, iat=now - 65, roles=["a", "b"], nested={"a": 1.50}))
    assert done.code == 0 and done.out.startswith(NOTICE), done
    lines = {line.split()[0]: line.split(None, 1)[1] for line in done.out.splitlines() if line.startswith("  ")}
    assert lines["alg"] == "ES256" and lines["kid"] == "key-ES256" and lines["iss"] == ISSUER and lines["roles"] == '["a","b"]' and lines["nested"] == '{"a":1.5}'
    assert lines["exp"].startswith("%d = " % (now + 905)) and ("in 15m" in lines["exp"]) and lines["iat"].endswith(" ago") and "1m " in lines["iat"]
    assert time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 905)) in lines["exp"]


def test_inspect_takes_a_token_that_no_one_signed_and_standard_input():
    token = text_of({"alg": "none", "crit": ["x"]}) + "." + text_of({"sub": "a"}) + ".AA"
    for words in ([], ["-"]):
        done = run("token", "inspect", *words, given="\n %s\r\n" % token)
        assert done.code == 0 and NOTICE in done.out and "none" in done.out, done


def test_inspect_as_json(sign):
    said = json.loads(run("token", "inspect", sign(), "--format", "json").out)
    assert said["kind"] == "jwt" and said["verified"] is False and said["header"]["kid"] == "key-ES256" and said["payload"]["iss"] == ISSUER and said["signature_octets"] == 64
    assert set(said["times"]) == {"exp", "iat"}


def test_inspect_lets_no_control_character_through():
    token = ".".join([text_of({"alg": "x\x1b[2J", "a\x07b": 1}), text_of({"sub": "\x9b31m\r\nalg  ES256", "n": ["\x1b]0;x\x07"]}), "AA"])
    for options in ([], ["--format", "json"]):
        done = run("token", "inspect", token, *options)
        assert done.code == 0 and not any(c in done.out for c in "\x1b\x07\x9b\r"), done


@pytest.mark.parametrize("algorithm", ["ES256"])
def test_verify_lets_no_control_character_through(sign, key_set, algorithm):
    for changes in ({"iss": "\x1b[2J"}, {"aud": ["\x07"]}, {"exp": "\x1b"}, {"header": {"typ": "\x1b[2J"}}, {"header": {"kid": "\x1b[2J"}}):
        _, done = verify(sign(**changes), key_set, *ALL_ASKED)
        assert done.code == 1 and not any(c in done.out + done.err for c in "\x1b\x07"), done


def test_inspect_knows_a_refresh_token_and_never_shows_its_secret(hydrant, session):
    first = hydrant.exchange(session).json
    token = hydrant.refresh(first["refresh_token"]).json["refresh_token"]
    raw = base64.urlsafe_b64decode(token[4:] + "=" * (-len(token[4:]) % 4))
    grant_id = json.loads(base64.urlsafe_b64decode(first["access_token"].split(".")[1] + "=="))["jti"].split(".")[0]
    done = run("token", "inspect", token)
    assert done.code == 0 and done.out.startswith(NOTICE)
    lines = {line.rsplit(None, 1)[0].strip(): line.split()[-1] for line in done.out.splitlines() if line.startswith("  ")}
    assert lines == {"version": "1", "key id": str(raw[1]), "grant id": grant_id, "generation": str(int.from_bytes(raw[18:22], "big"))}
    said = run("token", "inspect", token, "--format", "json")
    assert json.loads(said.out) == {"kind": "refresh_token", "verified": False, "version": 1, "key_id": raw[1], "grant_id": grant_id, "generation": int(lines["generation"])}
    for hidden in (raw[22:42], raw[42:]):
        for spelling in (hidden.hex(), base64.urlsafe_b64encode(hidden).decode()[:20], token[40:60]):
            assert spelling not in done.out + said.out


@pytest.mark.parametrize("token, words", [("abc", "1 part;"), ("hrt_abc", "is cut off, changed, or of another version"), ("hrt_" + "A" * 83, "of another version"), (text_of(b"[1]") + ".e30.AA", "its header is no JSON object"), ("e30.AA.AA", "its payload is no JSON object")])
def test_inspect_of_what_is_no_token_says_what_it_is_not(token, words):
    done = run("token", "inspect", token)
    assert done.code == 1 and done.out == "" and done.err.startswith("hydrant token inspect: ") and words in done.err, done


def test_help_says_that_inspect_verifies_nothing():
    assert "verifying nothing" in run("help").out and "Nothing is verified" in run("help", "token", "inspect").out
