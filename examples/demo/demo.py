"""demo: shows the main job in plain words. usage: demo.py BUILD_DIRECTORY [--once]

Starts a stand-in Kratos and Hydrant on SQLite, then does what an app does, and checks each answer."""
import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
KRATOS_SESSION = "urn:hydrant:token-type:kratos-session"
COLOR = sys.stdout.isatty()


class Unexpected(Exception):
    pass


def paint(code, text):
    return "\033[%sm%s\033[0m" % (code, text) if COLOR else text


def say(text):
    print("\n" + paint("1", text))


def show(text, code="2"):
    for line in text.splitlines():
        print("    " + paint(code, line))


def require(condition, what):
    if not condition:
        raise Unexpected(what)
    print("    " + paint("32", "ok") + "  " + what)


# ---- HTTP ----

def call(url, parameters=None, method=None):
    data = urllib.parse.urlencode(parameters).encode() if parameters is not None else None
    request = urllib.request.Request(url, data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read() or b"null")


def show_curl(url, parameters):
    lines = ["curl %s" % url] + ["     -d %s=%s" % (n, v if len(v) < 60 else v[:24] + "..." + v[-8:]) for n, v in parameters.items()]
    show(" \\\n".join(lines), "36")


def ask_token(base, parameters):
    show_curl(base + "/oauth2/token", parameters)
    return call(base + "/oauth2/token", parameters)


# ---- looking at tokens ----

def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def decode(token):
    head, payload, _ = token.split(".")
    return json.loads(unpadded(head)), json.loads(unpadded(payload))


def der_integer(raw):
    raw = raw.lstrip(b"\0") or b"\0"
    raw = b"\0" + raw if raw[0] & 0x80 else raw
    return b"\x02" + bytes([len(raw)]) + raw


def verify_with_openssl(token, jwks):
    """ES256 by the openssl program: the key from the JWKS as PEM, the signature's two numbers as DER"""
    kid = decode(token)[0]["kid"]
    key = next(k for k in jwks["keys"] if k["kid"] == kid)
    point = b"\x04" + unpadded(key["x"]) + unpadded(key["y"])
    spki = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + point
    pem = "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n" % base64.b64encode(spki).decode()
    signed, _, signature = token.rpartition(".")
    raw = unpadded(signature)
    body = der_integer(raw[:32]) + der_integer(raw[32:])
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("key.pem", pem.encode()), ("signature", b"\x30" + bytes([len(body)]) + body)):
            with open(os.path.join(folder, name), "wb") as f:
                f.write(content)
        done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", os.path.join(folder, "key.pem"), "-signature", os.path.join(folder, "signature")],
                              input=signed.encode(), capture_output=True)
    return done.returncode == 0


# ---- the two servers ----

def port_or_another(wanted):
    for port in (wanted, 0):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return s.getsockname()[1]
            except OSError:
                continue
    raise Unexpected("no free port")


def start_kratos(build):
    child = subprocess.Popen([os.path.join(build, "kratos_standin"), "--recorded", os.path.join(ROOT, "tests", "data", "kratos", "recorded")],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    words = child.stdout.readline().decode().split()
    if len(words) != 4:
        raise Unexpected("the stand-in Kratos did not start")
    return child, words[1], words[3]


def start_hydrant(build, kratos_public, kratos_admin, folder):
    public, admin = port_or_another(4477), port_or_another(4478)
    base = "http://localhost:%d" % public
    environment = {**os.environ, "DSN": "sqlite://%s/hydrant.db" % folder, "SECRETS_SYSTEM": secrets.token_urlsafe(32),
                   "URLS_SELF_ISSUER": base, "SERVE_PUBLIC_HOST": "127.0.0.1", "SERVE_PUBLIC_PORT": str(public), "SERVE_ADMIN_PORT": str(admin),
                   "KRATOS_PUBLIC_URL": kratos_public, "KRATOS_ADMIN_URL": kratos_admin}
    child = subprocess.Popen([os.path.join(build, "hydrant"), "serve", "-c", os.path.join(HERE, "hydrant.yml")], env=environment)
    for _ in range(300):
        if child.poll() is not None:
            raise Unexpected("hydrant ended with %d" % child.returncode)
        try:
            if call(base + "/health/ready")[0] == 200:
                return child, base, "http://127.0.0.1:%d" % admin
        except OSError:
            time.sleep(0.05)
    raise Unexpected("hydrant did not get ready")


# ---- the story ----

def sign_in(kratos_admin):
    status, session = call(kratos_admin + "/standin/sessions", {}, "POST")
    if status >= 300:
        raise Unexpected("the stand-in made no session")
    return session


def exchange(base, session):
    say("1. The app holds a Kratos session. It exchanges it for an access token and a refresh token (RFC 8693).")
    status, answer = ask_token(base, {"grant_type": EXCHANGE, "client_id": "spa", "subject_token": session["session_token"], "subject_token_type": KRATOS_SESSION})
    require(status == 200, "200, an access token for %d s, and a refresh token" % answer.get("expires_in", 0))
    header, claims = decode(answer["access_token"])
    show(json.dumps(header) + "\n" + json.dumps(claims, indent=2, ensure_ascii=False))
    require(claims["sub"] == session["identity_id"] and claims["sid"] == session["session_id"], "sub is the Kratos identity, sid the Kratos session")
    require("@" in claims["email"], "email, name and plan were mapped from the session by jq expressions")
    return answer


def refresh(base, token):
    say("2. The access token ran out. The app refreshes; the refresh token rotates.")
    status, answer = ask_token(base, {"grant_type": "refresh_token", "client_id": "spa", "refresh_token": token})
    require(status == 200 and answer["refresh_token"] != token, "200, a new access token and the next refresh token")
    return answer


def retry(base, token, successor):
    say("3. The answer got lost, or another tab was a moment later: the OLD refresh token is presented once more.")
    status, answer = ask_token(base, {"grant_type": "refresh_token", "client_id": "spa", "refresh_token": token})
    require(status == 200 and answer["refresh_token"] == successor, "200 with the very same successor, byte for byte: nobody is logged out")
    return answer


def verify(base, tokens):
    say("4. Any service verifies the tokens with the public keys from the JWKS.")
    show("curl %s/.well-known/jwks.json" % base, "36")
    jwks = call(base + "/.well-known/jwks.json")[1]
    for key in jwks["keys"]:
        show("%-6s kid %s" % (key["alg"], key["kid"]))
    for token in tokens:
        require(verify_with_openssl(token, jwks), "openssl verifies the access token with key %s" % decode(token)[0]["kid"])


def sign_out(base, kratos_admin, session, token):
    say("5. The person signs out at Kratos. The next refresh finds that out.")
    call(kratos_admin + "/standin/sessions/%s/revoke" % session["session_id"], {}, "POST")
    status, answer = ask_token(base, {"grant_type": "refresh_token", "client_id": "spa", "refresh_token": token})
    require(status == 400 and answer["error"] == "invalid_grant", "400 invalid_grant: the grant ended with the session")


def tell_story(base, kratos_admin):
    session = sign_in(kratos_admin)
    exchanged = exchange(base, session)
    refreshed = refresh(base, exchanged["refresh_token"])
    retried = retry(base, exchanged["refresh_token"], refreshed["refresh_token"])
    verify(base, [exchanged["access_token"], refreshed["access_token"], retried["access_token"]])
    sign_out(base, kratos_admin, session, retried["refresh_token"])


def stay(base, admin, kratos_admin):
    session = sign_in(kratos_admin)
    say("Hydrant goes on running: %s (public), %s (admin). Ctrl-C ends it. To try, with a fresh session:" % (base, admin))
    show("curl %s/oauth2/token -d client_id=spa -d grant_type=%s \\\n     -d subject_token_type=%s \\\n     -d subject_token=%s" %
         (base, EXCHANGE, KRATOS_SESSION, session["session_token"]), "36")
    show("curl %s/.well-known/openid-configuration\nbuild/release/hydrant clients list --endpoint %s" % (base, admin), "36")
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


def main(build, once):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM} if not once else set())
    children = []
    with tempfile.TemporaryDirectory(prefix="hydrant-demo-") as folder:
        try:
            kratos, kratos_public, kratos_admin = start_kratos(build)
            children.append(kratos)
            hydrant, base, admin = start_hydrant(build, kratos_public, kratos_admin, folder)
            children.append(hydrant)
            tell_story(base, kratos_admin)
            say("All of it worked.")
            if not once:
                stay(base, admin, kratos_admin)
            return 0
        except (Unexpected, OSError) as why:
            print("\n" + paint("31", "This was not expected: %s" % why), file=sys.stderr)
            return 1
        finally:
            for child in reversed(children):
                child.terminate()
                child.wait(timeout=30)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--once" in sys.argv[2:]))
