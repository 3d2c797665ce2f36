"""examples/app: Hydra's consent and the log-out, with somebody in the others' place who notes what the app asks."""
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from parts import ROOT, free_port

PERSON = {"id": "c432d722-288a-4804-8fdd-687dfc439208", "identity": {"id": "99999999-8888-4777-8666-555555555555", "traits": {"email": "ada@example.com"}}}
CHALLENGE = "abc-_%2B/9=="  # Hydra's challenges end with = where base64 does
BROWSERS_KRATOS, LOGOUT = "http://kratos.example", "/self-service/logout?token=t"
START_DEADLINE_S = 10


class TheOthers(http.server.BaseHTTPRequestHandler):
    asked = []  # with PUT
    ends = []  # what of a log-out came, in its order

    def reply(self, value, status=200):
        body = json.dumps(value).encode() if status == 200 else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == LOGOUT:
            self.ends.append("Kratos")
            return self.reply(None, 204)
        consent = {"subject": PERSON["identity"]["id"], "client": {"client_id": "example-app"}, "requested_scope": ["openid"]}
        return self.reply({"/sessions/whoami": PERSON, "/self-service/logout/browser": {"logout_url": BROWSERS_KRATOS + LOGOUT}}.get(self.path, consent))

    def do_POST(self):
        self.ends.append((self.path, self.headers["Authorization"], json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.reply({"revoked": 1})

    def do_PUT(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        url = urllib.parse.urlsplit(self.path)
        self.asked.append((url.path, dict(urllib.parse.parse_qsl(url.query)), body))
        self.reply({"redirect_to": "http://hydra.example/on"})

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def others():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TheOthers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield "http://127.0.0.1:%d" % server.server_port
    server.shutdown()


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def ask(url, form=None):
    request = urllib.request.Request(url, data=form and urllib.parse.urlencode(form).encode(), headers={"Cookie": "ory_kratos_session=x"})
    try:
        return urllib.request.build_opener(Stay).open(request, timeout=5)
    except urllib.error.HTTPError as answer:
        return answer


@pytest.fixture(scope="module")
def app(others, tmp_path_factory):
    key = tmp_path_factory.mktemp("app") / "key"
    key.write_text("Bearer of-the-hook\n")
    listen = "127.0.0.1:%d" % free_port()
    child = subprocess.Popen([sys.executable, os.path.join(ROOT, "examples", "app", "app.py")], stderr=subprocess.DEVNULL,
                             env={**os.environ, "APP_LISTEN": listen, "KRATOS_PUBLIC_URL": others, "KRATOS_BROWSER_URL": BROWSERS_KRATOS, "HYDRA_ADMIN_URL": others,
                                  "HYDRANT_ADMIN_URL": others, "KRATOS_HOOK_API_KEY_FILE": str(key)})
    deadline = time.monotonic() + START_DEADLINE_S
    while True:
        try:
            assert ask("http://%s/health" % listen).status == 200
            break
        except urllib.error.URLError:
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
    yield "http://" + listen
    child.terminate()
    child.wait(10)


def consent_form(app):
    page = ask(app + "/hydra/consent?" + urllib.parse.urlencode({"consent_challenge": CHALLENGE})).read().decode()
    return dict(re.findall(r'name="(consent_challenge|seal)" value="([^"]+)"', page))


@pytest.mark.parametrize("button, verb", [("allow", "accept"), ("deny", "reject")])
def test_consent_reaches_hydra_with_the_whole_challenge(app, button, verb):
    answer = ask(app + "/hydra/consent", {**consent_form(app), "do": button})
    assert (answer.status, answer.headers["Location"]) == (303, "http://hydra.example/on")
    path, query, _ = TheOthers.asked[-1]
    assert (path, query) == ("/admin/oauth2/auth/requests/consent/" + verb, {"consent_challenge": CHALLENGE})


def test_allowing_ties_hydras_tokens_to_the_kratos_session(app):
    ask(app + "/hydra/consent", {**consent_form(app), "do": "allow"})
    assert TheOthers.asked[-1][2]["session"]["access_token"] == {"kratos_session_id": PERSON["id"]}


def test_a_form_that_is_not_the_apps_is_refused(app):
    asked = len(TheOthers.asked)
    assert ask(app + "/hydra/consent", {**consent_form(app), "seal": "0" * 64, "do": "allow"}).status == 400
    assert len(TheOthers.asked) == asked


def test_a_log_out_ends_the_session_at_kratos_before_hydrant_hears_of_it(app):
    answer = ask(app + "/logout")
    assert (answer.status, answer.headers["Location"]) == (303, "/") and "ory_kratos_session=; Path=/; Max-Age=0" in answer.headers["Set-Cookie"]
    assert TheOthers.ends == ["Kratos", ("/hooks/kratos/revoke", "Bearer of-the-hook", {"session_id": PERSON["id"]})]
