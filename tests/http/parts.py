"""parts: the real parts that the http tests put together: the server's binary, the stand-in Kratos, an HTTP client that sends what it is told."""
import base64
import contextlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("HYDRANT_BUILD", os.path.join(ROOT, "build", "dev"))
START_DEADLINE_S = 30
LOG_DEADLINE_S = 5

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
KRATOS_SESSION = "urn:hydrant:token-type:kratos-session"
KRATOS_COOKIE = "urn:hydrant:token-type:kratos-cookie"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


def sanitizer_environment():
    return {
        "ASAN_OPTIONS": "abort_on_error=0:exitcode=99:detect_leaks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "LSAN_OPTIONS": "suppressions=%s/tests/lsan.supp:print_suppressions=0" % ROOT,
        "TSAN_OPTIONS": "halt_on_error=0:exitcode=98",
    }


def free_port():
    """one below those that the system hands out for connections and for port 0: nobody gets it by chance before it is bound"""
    while True:
        port = secrets.randbelow(17000) + 15000
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        return values[0] if values else None

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "%d %s" % (self.status, self.body[:400])


class Http:
    """One base URL; a connection for each request unless keep=True."""

    def __init__(self, port, host="127.0.0.1"):
        self.host, self.port = host, port

    def request(self, method, path, body=None, headers=None, timeout=30):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            pairs = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
            connection.putrequest(method, path, skip_host=any(n.lower() == "host" for n, _ in pairs), skip_accept_encoding=True)
            for name, value in pairs:
                connection.putheader(name, value)
            data = body.encode() if isinstance(body, str) else body
            if data is not None and not any(n.lower() in ("content-length", "transfer-encoding") for n, _ in pairs):
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def post_json(self, path, value, headers=None):
        return self.request("POST", path, json.dumps(value), {"Content-Type": "application/json", **(headers or {})})


def form(parameters):
    return urllib.parse.urlencode(parameters)


def basic(client_id, secret):
    pair = "%s:%s" % (urllib.parse.quote_plus(client_id), urllib.parse.quote_plus(secret))
    return "Basic " + base64.b64encode(pair.encode()).decode()


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(token):
    """without verification: for looking; verify() of the tests checks signatures"""
    return json.loads(unpadded(token.split(".")[1]))


def header_of(token):
    return json.loads(unpadded(token.split(".")[0]))


class Process:
    """A program of ours under test; a report of a sanitizer makes stop() fail."""

    def __init__(self, arguments, environment=None, log_to=None):
        self.has_log_file = log_to is None
        self.log_file = tempfile.NamedTemporaryFile(prefix="hydrant-test-log-", delete=False)
        self.child = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log_to or self.log_file, env={**os.environ, **sanitizer_environment(), **(environment or {})})

    @property
    def log(self):
        with open(self.log_file.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def log_lines(self, event):
        lines = []
        for line in self.log.splitlines():
            with contextlib.suppress(ValueError):
                value = json.loads(line)
                if value.get("event") == event:
                    lines.append(value)
        return lines

    def line_of(self, answer):
        """what the log says of a request: its line is written once the answer has left"""
        deadline = time.monotonic() + LOG_DEADLINE_S
        while time.monotonic() < deadline:
            for line in self.log_lines("request"):
                if line["id"] == answer.header("X-Request-Id"):
                    return line
            time.sleep(0.01)
        raise AssertionError("no line for %r" % answer)

    def kill(self):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()
        os.unlink(self.log_file.name)

    def stop(self, expect=0):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            code = self.child.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise
        log = self.log
        self.child.stdout.close()
        os.unlink(self.log_file.name)
        assert "Sanitizer" not in log and "runtime error" not in log, log[-6000:]
        assert expect is None or code == expect, "ended with %d\n%s" % (code, log[-3000:])
        return log


class Kratos(Process):
    """The stand-in: see tests/standin/kratos_standin.c for what it can be told."""

    def __init__(self, environment=None, arguments=()):
        super().__init__([os.path.join(BUILD, "kratos_standin"), "--recorded", os.path.join(ROOT, "tests", "data", "kratos", "recorded"), *arguments], environment)
        line = self.child.stdout.readline().decode().split()
        assert len(line) == 4, self.log
        self.public_url, self.admin_url = line[1], line[3]
        self.admin = Http(int(self.admin_url.rsplit(":", 1)[1]))

    def session(self, **parameters):
        answer = self.admin.post_json("/standin/sessions", parameters)
        assert answer.status < 300, answer
        return answer.json

    def do(self, session, what, **parameters):
        answer = self.admin.post_json("/standin/sessions/%s/%s" % (session["session_id"], what), parameters)
        assert answer.status < 300, answer
        return answer

    def fault(self, **parameters):
        answer = self.admin.post_json("/standin/faults", parameters)
        assert answer.status < 300, answer

    def no_faults(self):
        self.admin.request("DELETE", "/standin/faults")

    def counts(self):
        return self.admin.get("/standin/counts").json


DEFAULT_CLIENTS = [
    {"client_id": "spa", "token_endpoint_auth_method": "none", "scope": "api read", "allowed_cors_origins": ["https://app.example.com"]},
    {"client_id": "mobile", "token_endpoint_auth_method": "none", "scope": "api read write"},
    {"client_id": "backend", "token_endpoint_auth_method": "client_secret_basic", "client_secret": "backend-secret-of-32-characters-1", "scope": "api read offline_access"},
    {"client_id": "poster", "token_endpoint_auth_method": "client_secret_post", "client_secret": "poster-secret-of-32-characters-22", "scope": "api"},
    {"client_id": "exchange-only", "token_endpoint_auth_method": "none", "scope": "api", "grant_types": [EXCHANGE]},
    {"client_id": "cookie-grants", "token_endpoint_auth_method": "none", "scope": "api", "allowed_cors_origins": ["https://app.example.com"], "refresh_token_with_cookie": True},
]
SECRETS = {"backend": "backend-secret-of-32-characters-1", "poster": "poster-secret-of-32-characters-22"}
BOTH_ALGORITHMS = {"algorithms": ["ES256", "RS256"]}  # as the program's own default has it; an RSA key takes a second to make under a sanitizer
SYSTEM_SECRET = secrets.token_urlsafe(32)


def merge(into, changes):
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            merge(into[name], value)
        elif value is None:
            into.pop(name, None)
        else:
            into[name] = value
    return into


def default_settings(kratos, dsn):
    return {
        "dsn": dsn,
        "serve": {"public": {"host": "127.0.0.1", "port": free_port()}, "admin": {"host": "127.0.0.1", "port": free_port()}, "workers": 2},
        "urls": {"self": {"issuer": "http://localhost:4477"}},
        "secrets": {"system": [SYSTEM_SECRET]},
        "kratos": {"public_url": kratos.public_url, "admin_url": kratos.admin_url},
        "access_token": {"audience": ["https://api.example.com"], "claims": {"email": ".identity.traits.email", "plan?": ".identity.metadata_public.plan"}},
        "keys": {"algorithms": ["ES256"]},
        "clients": json.loads(json.dumps(DEFAULT_CLIENTS)),
    }


class Hydrant(Process):
    def __init__(self, settings, environment=None, arguments=(), wait=True, log_to=None):
        self.settings = settings
        self.settles = False  # the log is a file of ours, and the server listens to SIGHUP
        self.settings_file = tempfile.NamedTemporaryFile("w", suffix=".yml", prefix="hydrant-test-", delete=False)
        json.dump(settings, self.settings_file)
        self.settings_file.close()
        super().__init__([os.path.join(BUILD, "hydrant"), "serve", "-c", self.settings_file.name, *arguments], environment, log_to)
        self.public = Http(settings["serve"]["public"]["port"])
        self.admin = Http(settings["serve"]["admin"]["port"])
        if wait:
            self.await_ready()

    def await_ready(self):
        deadline = time.monotonic() + START_DEADLINE_S
        while time.monotonic() < deadline:
            assert self.child.poll() is None, self.log
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.public.get("/health/ready").status == 200:
                    self.settles = self.has_log_file
                    return
            time.sleep(0.02)
        raise AssertionError("not ready: " + self.log)

    @property
    def log(self):
        """A thread writes it, in the order of the events: when the line is there that SIGHUP makes, what was before is. So this adds one."""
        before = super().log
        if not self.settles or self.child.poll() is not None:
            return before
        self.child.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + LOG_DEADLINE_S
        while time.monotonic() < deadline and self.child.poll() is None:
            now = super().log
            if now.count("SIGHUP") > before.count("SIGHUP"):
                return now
            time.sleep(0.002)
        return super().log

    def stop(self, expect=0):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.settings_file.name)
        return super().stop(expect)

    # ---- the token endpoint ----

    def token(self, parameters, headers=None, client="spa"):
        pairs = list(parameters.items()) if isinstance(parameters, dict) else list(parameters)
        headers = dict(headers or {})
        if client in SECRETS and client == "backend":
            headers.setdefault("Authorization", basic(client, SECRETS[client]))
        elif client is not None:
            pairs.append(("client_id", client))
            if client in SECRETS:
                pairs.append(("client_secret", SECRETS[client]))
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return self.public.request("POST", "/oauth2/token", form(pairs), headers)

    def exchange(self, session, client="spa", headers=None, **parameters):
        return self.token({"grant_type": EXCHANGE, "subject_token": session["session_token"], "subject_token_type": KRATOS_SESSION, **parameters}, headers, client)

    def refresh(self, refresh_token, client="spa", headers=None, **parameters):
        return self.token({"grant_type": "refresh_token", "refresh_token": refresh_token, **parameters}, headers, client)

    def revoke(self, token, client="spa", **parameters):
        pairs = {"token": token, **parameters}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if client == "backend":
            headers["Authorization"] = basic(client, SECRETS[client])
        elif client is not None:
            pairs["client_id"] = client
        return self.public.request("POST", "/oauth2/revoke", form(pairs), headers)

    def introspect(self, token, client="backend", headers=None, **parameters):
        """client: one of SECRETS, or a pair of its id and secret, by Basic; None: nobody"""
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        if client is not None:
            sent["Authorization"] = basic(*((client, SECRETS[client]) if isinstance(client, str) else client))
        return self.public.request("POST", "/oauth2/introspect", form({"token": token, **parameters}), sent)

    def read_keys(self):
        """now, as it does every 30 s; where a jump of the clock made what a worker had asked the database late, once that one is connected again"""
        deadline = time.monotonic() + LOG_DEADLINE_S
        while (answer := self.admin.request("POST", "/admin/keys/reseal")).status == 503 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert answer.status == 200, answer

    def jwks(self):
        return self.public.get("/.well-known/jwks.json").json


def verify(token, jwks, audience="https://api.example.com"):
    """with jwcrypto, which no one here wrote; returns the claims"""
    from jwcrypto import jwk, jwt
    keys = jwk.JWKSet.from_json(json.dumps(jwks))
    checked = jwt.JWT(jwt=token, key=keys, algs=["ES256", "ES384", "RS256", "PS256", "EdDSA"], check_claims={"aud": audience, "exp": None, "iss": None, "sub": None})
    return json.loads(checked.claims)
