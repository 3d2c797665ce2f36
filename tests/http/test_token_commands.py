"""`hydrant token inspect` and `hydrant token verify`: each check, passing and failing, with its values (docs/interface.md, Commands)."""
import base64
import json
import time

import pytest

from parts import free_port
from terminal import run
from token_parts import ALL_ASKED, AUDIENCE, BY_BOTH, CHECKS, ISSUER, KEYS, failed, key_set, keys, public, sign, text_of, verify  # noqa: F401 (fixtures)

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
    assert rows["typ"] == ("not asked", '"at+jwt"') and rows["iss"] == ("not asked", '"%s"' % ISSUER) and rows["aud"] == ("not asked", '["%s"]' % AUDIENCE) and rows["nbf"] == ("not asked", "none")


def test_standard_input_that_is_too_long_is_refused_and_not_cut(sign, key_set):
    token = sign()
    for words in (["inspect"], ["verify", "--jwks", key_set]):
        for given, code in ((token + "\n" * (65536 - len(token)), 0), (token + "\n" * (65537 - len(token)), 1), ("\n" * 65536 + token, 1)):
            done = run("token", *words, given=given)
            assert done.code == code, done
            assert code == 0 or (done.out == "" and done.err == "hydrant token %s: what stands on standard input is longer than 64 KiB: it is no token\n" % words[0])


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
    assert [(c["name"], c["words"]) for c in said["checks"] if c["outcome"] == "failed"] == [("iss", 'the token says "%s"; asked for "https://other.test"' % ISSUER)]


# ---- each check failing, alone, with its words ----

NOW = int(time.time())
BROKEN = [
    ("iss", {"iss": "https://issuer.test"}, 'the token says "https://issuer.test"; asked for "%s"' % ISSUER),
    ("iss", {"iss": None}, 'the token says none; asked for "%s"' % ISSUER),
    ("iss", {"iss": [ISSUER]}, 'the token says ["%s"]' % ISSUER),
    ("aud", {"aud": "https://other.test"}, 'the token says "https://other.test"; asked for "%s"' % AUDIENCE),
    ("aud", {"aud": [AUDIENCE + "/", "b"]}, 'asked for "%s"' % AUDIENCE),
    ("aud", {"aud": None}, "the token says none"),
    ("typ", {"header": {"typ": "JWT"}}, 'the token says "JWT"; asked for "at+jwt"'),
    ("typ", {"header": {"typ": None}}, 'the token says none; asked for "at+jwt"'),
    ("exp", {"exp": NOW - 3700}, "ago: it is over (leeway 1m)"),
    ("exp", {"exp": None}, "the token has no end"),
    ("exp", {"exp": "soon"}, '"soon" is no number of seconds since 1970, up to 9999 (RFC 7519 2)'),
    ("exp", {"exp": -1}, "-1 is no number of seconds since 1970"),
    ("exp", {"exp": 1e300}, "is no number of seconds since 1970"),
    ("exp", {"exp": (NOW - 3700) * 1.0 + 0.5}, "ago: it is over (leeway 1m)"),
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


@pytest.mark.parametrize("spelling", ["%d.5", "%d.0", "%d000e-3", "%dE0", "0.%de10", "%d.25e+0"])
def test_rfc_7519_2_a_date_is_any_number_of_seconds(sign, key_set, spelling):
    def payload(exp, iat):
        return '{"iss":"%s","aud":"%s","exp":%s,"nbf":%s,"iat":%s}' % (ISSUER, AUDIENCE, spelling % exp, spelling % iat, spelling % iat)
    now = int(time.time())
    rows, done = verify(sign(payload=payload(now + 900, now)), key_set, *ALL_ASKED)
    assert done.code == 0 and failed(rows) == [] and (", in 14m" in rows["exp"][1] or ", in 15m" in rows["exp"][1]), done
    rows, _ = verify(sign(payload=payload(now - 970, now + 900)), key_set, *ALL_ASKED)
    assert failed(rows) == ["exp", "nbf", "iat"] and ", 16m" in rows["exp"][1] and rows["exp"][1].endswith(" ago: it is over (leeway 1m)"), rows
    shown = run("token", "inspect", sign(payload=payload(now + 900, now))).out
    assert spelling % (now + 900) + " = " + time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now + 900)) in shown, shown


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
    assert rows["kid"][1] == '"old" is not in the set; the set has 5 keys: ' + ", ".join('"key-%s"' % a for a in KEYS)
    assert rows["signature"] == ("not asked", "there is no key to check it with")


def test_without_a_kid_it_fails(sign, key_set):
    rows, _ = verify(sign(header={"kid": None}), key_set, *ALL_ASKED)
    assert failed(rows) == ["kid"] and rows["kid"][1] == "the header names no key"


@pytest.mark.parametrize("alg", ["HS256", "none", "RS512", "es256"])
def test_an_algorithm_that_is_not_allowed_fails(sign, key_set, alg):
    head = text_of({"alg": alg, "typ": "at+jwt", "kid": "key-ES256"})
    rows, _ = verify(".".join([head] + sign().split(".")[1:]), key_set, *ALL_ASKED)
    assert failed(rows) == ["alg"] and rows["alg"][1] == '"%s"' % alg + " is not allowed; allowed are: ES256 ES384 RS256 PS256 EdDSA"
    assert rows["signature"] == ("not asked", "there is no algorithm to check it with")


@pytest.mark.parametrize("extension, words", [({"crit": ["exp"], "exp": 1}, 'crit is ["exp"], b64 is none: '), ({"b64": False}, "crit is none, b64 is false: "), ({"b64": True}, "crit is none, b64 is true: "), ({"crit": []}, "crit is [], b64 is none: ")])
def test_rfc_7515_4_1_11_an_extension_fails_alone_and_is_named(sign, key_set, extension, words):
    head, payload, _ = sign().split(".")
    rows, _ = verify(".".join([text_of({"alg": "ES256", "typ": "at+jwt", "kid": "key-ES256", **extension}), payload, "AA"]), key_set, *ALL_ASKED)
    assert failed(rows) == ["crit", "signature"] and rows["crit"][1] == words + "a reader must understand the extension or refuse the token, and none is understood here", rows


def test_rfc_8725_3_1_one_key_one_algorithm(sign, key_set, keys):
    rows, _ = verify(sign("PS256", key=keys["RS256"], header={"kid": "key-RS256"}), key_set, *ALL_ASKED)
    assert failed(rows) == ["alg"] and rows["alg"][1] == '"PS256" says the token, but its key is for "RS256" alone (RFC 8725 3.1)'


def test_a_key_that_says_no_algorithm_is_taken_and_one_for_encryption_is_not(sign, keys, tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [{name: value for name, value in key.items() if name not in ("alg", "use")} for key in public(keys)["keys"]]}))
    assert failed(verify(sign(), str(path), *ALL_ASKED)[0]) == []
    path.write_text(json.dumps(public(keys, use="enc")))
    rows, _ = verify(sign(), str(path), *ALL_ASKED)
    assert failed(rows) == ["key"] and rows["key"][1] == 'its use is "enc", its key_ops none: it is not for signatures (RFC 7517 4.2)'
    assert rows["signature"] == ("not asked", "its key may not verify signatures")


def test_a_key_that_is_none_of_its_algorithm_fails(sign, keys, tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [{**json.loads(keys["ES384"].export_public()), "kid": "key-ES256"}]}))
    rows, _ = verify(sign(), str(path), *ALL_ASKED)
    assert failed(rows) == ["signature"] and rows["signature"][1] == 'what the set has under this kid is no public key for ES256: its kty is "EC", its crv "P-384"'


FORMS = [
    ("abc", "1 part;"), ("a.b", "2 parts;"), ("a.b.c.d", "4 parts;"), ("a.b.c.d.e", "five make a JWE"), ("e30=.e30.e30", "the header is not base64url"), ("e30.e+0.e30", "the payload is not base64url"), ("e30.e30.", "the signature is empty"),
    (text_of(b"[]") + ".e30.e30", "header: it is no JSON object"), (text_of(b"{") + ".e30.e30", "header: "), (text_of(b'{"alg":"ES256","alg":"none"}') + ".e30.e30", "header: "), ("a" * 20000 + ".e30.e30", "it is over 16384 characters long"),
    ("hrt_" + "A" * 83, "this is a refresh token of Hydrant"), ("ory_st_abc", "this is a session token of Kratos"), ("Bearer e30.e30.e30", "it begins with the word Bearer"), ("e30.e3 0.e30", "there is white space inside it"),
    ('{"access_token":"e30.e30.e30"}', "this is JSON"), (".".join([text_of({"alg": "RSA-OAEP-256", "enc": "A256GCM"}), "AA", "AA", "AA", "AA"]), '(five make a JWE, which is encrypted); its alg is "RSA-OAEP-256", its enc "A256GCM"'),
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
    assert lines["alg"] == '"ES256"' and lines["kid"] == '"key-ES256"' and lines["iss"] == '"%s"' % ISSUER and lines["roles"] == '["a","b"]' and lines["nested"] == '{"a":1.5}'
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


FORGED = ["\x1b[2J\x1b[1;1H", "\x07", "\r\nsignature  ok         it is the key's", "\x9b31m", "\x7f", "\u202etnetni\u202c", "\u2066x\u2069", "\u200f", "\u200b", "\u2028", "\ufeff", "\U000e0041"]


def seen(done):
    """what would reach the terminal, and should not"""
    return [c for c in (done.out + done.err).replace("\n", "") if not c.isprintable()]


@pytest.mark.parametrize("text", FORGED)
def test_inspect_shows_nothing_that_a_terminal_would_obey_or_hide(text):
    token = ".".join([text_of({"alg": text, text: 1}), text_of({"sub": text, "n": [text, {text: text}]}), "AA"])
    done = run("token", "inspect", token)
    assert done.code == 0 and not seen(done) and len(done.out.splitlines()) == 12, done
    assert json.dumps(text) in done.out
    as_json = run("token", "inspect", token, "--format", "json")
    said = json.loads(as_json.out)
    assert not seen(as_json) and len(as_json.out.splitlines()) == 1 and said["payload"] == {"sub": text, "n": [text, {text: text}]} and said["header"] == {"alg": text, text: 1}


def test_inspect_quotes_what_would_read_as_something_else():
    out = run("token", "inspect", ".".join([text_of({"alg": 'ES256"  ok'}), text_of({"sub": "none", 'exp          1 = 2099-01-01T00:00:00Z, in 70y': 1}), "AA"])).out
    assert '  alg          "ES256\\"  ok"\n' in out and '  sub          "none"\n' in out and '\n  "exp          1 = 2099-01-01T00:00:00Z, in 70y" 1\n' in out


@pytest.mark.parametrize("text", FORGED)
def test_verify_shows_nothing_that_a_terminal_would_obey_or_hide(sign, keys, tmp_path, text):
    path = tmp_path / "jwks.json"
    listed = public(keys)["keys"]
    path.write_text(json.dumps({"keys": listed + [{"kid": text, "use": text, "key_ops": [text, text], "d": text, "alg": text}] * 2 + [{**listed[0], "kid": "odd", "alg": text, "use": text}]}))
    for changes in ({"iss": text}, {"aud": [text]}, {"exp": text}, {"header": {"typ": text}}, {"header": {"kid": text}}, {"header": {"kid": "odd"}}, {"extension": text}):
        extension = changes.pop("extension", None)
        token = sign(**changes)
        if extension is not None:
            token = ".".join([text_of({"alg": "ES256", "kid": "key-ES256", "crit": [text], "b64": text})] + token.split(".")[1:])
        for options in ([], ["--format", "json"]):
            _, done = verify(token, str(path), *ALL_ASKED, *options)
            assert done.code == 1 and not seen(done) and len(done.out.splitlines()) in (1, 21), done
    rows, done = verify(sign(), str(path), "--issuer", text)
    assert done.code == 1 and not seen(done) and rows["iss"][1].startswith('the token says "%s"; asked for "' % ISSUER)


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


@pytest.mark.parametrize("token, words", [("abc", "1 part;"), ("Bearer e30.e30.AA", "the word Bearer"), ("ory_st_abc", "a session token of Kratos"), ("hrt_abc", "is cut off, changed, or of another version"), ("hrt_" + "A" * 83, "of another version"), (text_of(b"[1]") + ".e30.AA", "its header is no JSON object"), ("e30.AA.AA", "its payload is no JSON object")])
def test_inspect_of_what_is_no_token_says_what_it_is_not(token, words):
    done = run("token", "inspect", token)
    assert done.code == 1 and done.out == "" and done.err.startswith("hydrant token inspect: ") and words in done.err, done


def test_help_says_that_inspect_verifies_nothing():
    assert "verifying nothing" in run("help").out and "Nothing is verified" in run("help", "token", "inspect").out
