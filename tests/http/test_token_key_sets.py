"""`hydrant token verify --jwks`: what it takes as a key set, which key it picks, and what it says of a set that is not as it should be."""
import http.server
import json
import os
import socket
import subprocess
import threading

import pytest
from jwcrypto import jwk

import rfc_7517
from parts import BUILD, sanitizer_environment
from terminal import run
from token_parts import ALL_ASKED, KEYS, failed, key_set, keys, public, sign, text_of, verify  # noqa: F401 (fixtures)

GIVEN_AWAY = ": this set gives it away. Whoever has read it signs as the issuer does: take the key out of use (RFC 7517 9.2)"


@pytest.fixture
def write(tmp_path):
    """a function that writes a key set into a file, and says where"""
    def make(*listed):
        path = tmp_path / "jwks.json"
        path.write_text(json.dumps({"keys": list(listed)}))
        return str(path)
    return make


@pytest.fixture
def es256(keys):
    return public(keys)["keys"][0]


def remarks(done):
    _, _, rest = done.out.partition("\n\nWARNING, of the key set, whatever the token:\n")
    return [line[2:] for line in rest.split("\n\n")[0].splitlines()]


# ---- RFC 7517 appendix A ----

RSA_KEY = jwk.JWK(**rfc_7517.A2["keys"][1])
EC_KEY = jwk.JWK(**{**rfc_7517.A2["keys"][0], "use": "sig"})


def by_rsa(sign):
    return sign("RS256", key=RSA_KEY, header={"kid": "2011-04-29"})


def by_ec(sign):
    return sign("ES256", key=EC_KEY, header={"kid": "1"})


def test_rfc_7638_3_1_the_vectors_are_the_rfcs():
    assert RSA_KEY.thumbprint() == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_rfc_7517_a_1_the_rsa_key_verifies_and_the_ec_key_is_for_encryption(sign, write):
    rows, done = verify(by_rsa(sign), write(*rfc_7517.A1["keys"]), *ALL_ASKED)
    assert done.code == 0 and failed(rows) == [] and remarks(done) == [] and rows["key"] == ("ok", "its use is none, its key_ops none"), done
    rows, done = verify(by_ec(sign), write(*rfc_7517.A1["keys"]), *ALL_ASKED)
    assert failed(rows) == ["key"] and rows["key"][1].startswith('its use is "enc"') and rows["signature"][0] == "not asked"
    rows, done = verify(by_ec(sign), write({**rfc_7517.A1["keys"][0], "use": "sig"}), *ALL_ASKED)
    assert done.code == 0 and failed(rows) == [], done


def test_rfc_7517_a_2_a_set_of_private_keys_is_said_to_give_them_away(sign, write):
    rows, done = verify(by_rsa(sign), write(*rfc_7517.A2["keys"]), *ALL_ASKED)
    assert done.code == 1 and failed(rows) == ["key"] and rows["signature"][0] == "ok", done
    assert rows["key"][1] == "its use is none, its key_ops none; it holds its private part, d, p, q, dp, dq, qi" + GIVEN_AWAY
    assert remarks(done) == ['key 1 (kid "1") holds its private part, d' + GIVEN_AWAY, 'key 2 (kid "2011-04-29") holds its private part, d, p, q, dp, dq, qi' + GIVEN_AWAY]
    for key in rfc_7517.A2["keys"]:
        assert key["d"] not in done.out + done.err


def test_rfc_7517_a_3_a_symmetric_key_is_given_away_and_verifies_nothing(sign, write):
    kid = rfc_7517.A3["keys"][1]["kid"]
    rows, done = verify(sign("HS256", key=jwk.JWK(**rfc_7517.A3["keys"][1]), header={"kid": kid}), write(*rfc_7517.A3["keys"]), *ALL_ASKED)
    assert done.code == 1 and failed(rows) == ["alg", "key"] and rows["alg"][1].startswith('"HS256" is not allowed') and rows["signature"][0] == "not asked", done
    assert remarks(done) == ["key 1 (kid none) holds its private part, k" + GIVEN_AWAY, 'key 2 (kid "%s") holds its private part, k' % kid + GIVEN_AWAY]
    rows, done = verify(sign(header={"kid": kid}), write(*rfc_7517.A3["keys"]), *ALL_ASKED)
    assert failed(rows) == ["key", "signature"] and rows["signature"][1] == 'what the set has under this kid is no public key for ES256: its kty is "oct", its crv none'


# ---- what a key may do ----

def test_another_key_s_private_part_fails_no_token_but_is_said_loudly(sign, es256, keys, write):
    other = {**json.loads(keys["ES384"].export_private()), "kid": "other"}
    rows, done = verify(sign(), write(es256, other), *ALL_ASKED)
    assert done.code == 0 and failed(rows) == [] and remarks(done) == ['key 2 (kid "other") holds its private part, d' + GIVEN_AWAY], done
    said = json.loads(run("token", "verify", sign(), "--jwks", write(es256, other), "--format", "json").out)
    assert said["verified"] is True and said["remarks"] == remarks(done)
    assert json.loads(run("token", "verify", sign(), "--jwks", write(es256), "--format", "json").out)["remarks"] == []


@pytest.mark.parametrize("members, fails, words", [
    ({"key_ops": ["verify"]}, [], 'its use is none, its key_ops ["verify"]'),
    ({"use": "sig", "key_ops": ["verify", "sign"]}, [], 'its use is "sig", its key_ops ["verify","sign"]'),
    ({"key_ops": ["sign"]}, ["key"], '"verify" is not among them (RFC 7517 4.3)'),
    ({"use": "sig", "key_ops": ["encrypt"]}, ["key"], '"verify" is not among them (RFC 7517 4.3)'),
    ({"use": "sig", "key_ops": ["verify", "encrypt"]}, ["key"], "the two say different things (RFC 7517 4.3)"),
    ({"use": "enc", "key_ops": ["verify"]}, ["key"], "it is not for signatures (RFC 7517 4.2)"),
    ({"key_ops": "verify"}, ["key"], '"verify" is not among them (RFC 7517 4.3)'),
])
def test_rfc_7517_4_3_a_key_verifies_if_its_use_and_key_ops_let_it(sign, es256, write, members, fails, words):
    key = {name: value for name, value in es256.items() if name != "use"}
    rows, done = verify(sign(), write({**key, **members}), *ALL_ASKED)
    assert failed(rows) == fails and words in rows["key"][1] and rows["signature"][0] == ("ok" if not fails else "not asked"), done


def test_rfc_7517_4_3_use_and_key_ops_at_odds_are_said_of_any_key(sign, es256, write):
    _, done = verify(sign(), write(es256, {"kty": "EC", "kid": "other", "use": "enc", "key_ops": ["verify"]}))
    assert remarks(done) == ['key 2 (kid "other"): its use "enc" and its key_ops ["verify"] say different things (RFC 7517 4.3)']


@pytest.mark.parametrize("place", [0, 1])
def test_rfc_7517_4_5_of_two_keys_with_one_kid_the_one_that_fits_is_taken_wherever_it_stands(sign, es256, write, place):
    stranger = {**json.loads(KEYS["ES256"]().export_public()), "kid": "key-ES256", "alg": "ES256"}
    listed = [stranger]
    listed.insert(place, es256)
    rows, done = verify(sign(), write(*listed), *ALL_ASKED)
    assert done.code == 0 and failed(rows) == [], done
    assert remarks(done) == ['keys 1 and 2 have the same kid, "key-ES256": other readers may take another than this one does (RFC 7517 4.5)']
    rows, _ = verify(sign(key=KEYS["ES256"]()), write(*listed), *ALL_ASKED)
    assert failed(rows) == ["signature"]


def test_rfc_7517_4_7_certificates_decide_nothing_and_are_not_fetched(sign, es256, write):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        url = "https://127.0.0.1:%d/x" % listener.getsockname()[1]
        rows, done = verify(sign(), write({**es256, "x5u": url, "x5c": ["not base64!", 7], "x5t": 5, "x5t#S256": "AA"}), *ALL_ASKED)
        assert done.code == 0 and failed(rows) == [] and remarks(done) == [], done
        with pytest.raises(TimeoutError):
            listener.accept()


def test_rfc_7517_5_what_is_no_key_is_left_out_and_said(sign, es256, write):
    rows, done = verify(sign(), write(7, None, es256, {"kty": "later", "kid": "x"}), *ALL_ASKED)
    assert done.code == 0 and remarks(done) == ["key 1 is no JSON object: left out", "key 2 is no JSON object: left out"] and "the set has 4 keys" in rows["kid"][1], done


def test_rfc_7517_4_a_key_that_says_a_thing_twice_is_no_key_set(sign, tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text('{"keys":[{"kty":"EC","kid":"a","kid":"b"}]}')
    done = run("token", "verify", sign(), "--jwks", str(path))
    assert done.code == 1 and done.out == "" and str(path) in done.err


def test_a_key_without_kid_is_not_the_one_of_an_empty_kid(sign, es256, write):
    rows, _ = verify(sign(header={"kid": ""}), write({name: value for name, value in es256.items() if name != "kid"}), *ALL_ASKED)
    assert failed(rows) == ["kid"] and rows["kid"][1] == '"" is not in the set; the set has 1 key: none'


# ---- where it comes from ----

def test_what_is_no_regular_file_is_refused_at_once(sign, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for name in (str(tmp_path / "fifo"), str(tmp_path), "/dev/zero", "/dev/stdin"):
        done = run("token", "verify", sign(), "--jwks", name, given="")
        assert done.code == 1 and done.out == "" and done.err == "hydrant token verify: %s: is no regular file\n" % name, done


def test_standard_input_is_the_token_s(sign):
    done = run("token", "verify", sign(), "--jwks", "-", given='{"keys":[]}')
    assert done.code == 2 and "--jwks is an address or a file" in done.err


def test_standard_input_that_cannot_be_read_is_said(key_set, tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        done = subprocess.run([os.path.join(BUILD, "hydrant"), "token", "verify", "--jwks", key_set], stdin=folder, capture_output=True, text=True, env={**os.environ, **sanitizer_environment()}, timeout=30)
    finally:
        os.close(folder)
    assert done.returncode == 1 and done.stderr == "hydrant token verify: standard input can't be read\n"


@pytest.fixture
def serve():
    """a function that starts a server with one answer, and says its port"""
    servers = []

    def start(answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass
        servers.append(http.server.HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1].server_address[1]
    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_set_over_http_from_elsewhere_is_warned_of_and_one_from_here_is_not(sign, keys, serve):
    port = serve(json.dumps(public(keys)).encode())
    for options in ([], ["--format", "json"]):
        done = run("token", "verify", sign(), "--jwks", "http://0.0.0.0:%d/jwks" % port, *options)  # leads to this machine too, but is no loopback address
        assert done.code == 0 and done.err.startswith("hydrant token verify: WARNING: the key set comes over http: anyone on the way can put keys of his own into it") and len(done.err.splitlines()) == 1, done
        here = run("token", "verify", sign(), "--jwks", "http://127.0.0.1:%d/jwks" % port, *options)
        assert here.code == 0 and here.err == "" and "WARNING" not in here.out, here


def test_a_set_that_is_too_long_is_said_to_be(sign, serve, tmp_path):
    url = "http://127.0.0.1:%d/jwks" % serve(b'{"keys":[' + b" " * 300000 + b"]}")
    done = run("token", "verify", sign(), "--jwks", url)
    assert done.code == 1 and done.out == "" and url + ": bad answer: body too large" in done.err, done
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [{}] * 101}))
    done = run("token", "verify", sign(), "--jwks", str(path))
    assert done.code == 1 and done.err == "hydrant token verify: %s has 101 keys; 100 at most are read\n" % path
