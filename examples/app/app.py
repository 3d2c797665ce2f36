"""app: enough of a web app to try Hydrant beside Kratos and Hydra: sign-up, sign-in, Hydra's login and consent, and a page that shows the tokens.

For looking at, not for running a business on: one process, sessions of its own in memory. Needs nothing but Python.
Where the others are is said in the environment; the defaults are those of docker-compose.yml."""
import base64
import hashlib
import hmac
import html
import http.cookies
import http.server
import json
import os
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
LISTEN = os.environ.get("APP_LISTEN", "127.0.0.1:4455")
APP_URL = os.environ.get("APP_URL", "http://127.0.0.1:4455")  # as the browser sees it; so too the next three
KRATOS_URL = os.environ.get("KRATOS_BROWSER_URL", "http://127.0.0.1:4433")
HYDRA_URL = os.environ.get("HYDRA_BROWSER_URL", "http://127.0.0.1:4444")
HYDRANT_URL = os.environ.get("HYDRANT_BROWSER_URL", "http://127.0.0.1:4477")
KRATOS = os.environ.get("KRATOS_PUBLIC_URL", "http://127.0.0.1:4433")  # as this process sees them
HYDRA = os.environ.get("HYDRA_PUBLIC_URL", "http://127.0.0.1:4444")
HYDRA_ADMIN = os.environ.get("HYDRA_ADMIN_URL", "http://127.0.0.1:4445")
HYDRANT_ADMIN = os.environ.get("HYDRANT_ADMIN_URL", "http://127.0.0.1:4478")
HOOK_KEY_FILE = os.environ.get("KRATOS_HOOK_API_KEY_FILE", "")
SESSION_COOKIE = "ory_kratos_session"
FLOWS = {"/registration": "Sign up", "/login": "Sign in", "/settings": "Settings"}
CLIENT_ID = "example-app"
CLIENT_SECRET = secrets.token_urlsafe(32)  # registered anew at each start
FORM_KEY = secrets.token_bytes(32)  # signs the forms of this process
FORM_MAX = 64 * 1024  # bytes of a form that is sent here

with open(os.path.join(HERE, "page.html"), encoding="utf-8") as f:
    PAGE = f.read()


# ---- asking the others ----

def call(url, method="GET", body=None, headers=None):
    """status and JSON; 0 when nobody answers"""
    request = urllib.request.Request(url, data=body, method=method, headers={"Accept": "application/json", **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        text = refused.read()
        try:
            return refused.code, json.loads(text or b"null")
        except ValueError:
            return refused.code, None
    except (OSError, ValueError):
        return 0, None


def call_json(url, method, value):
    return call(url, method, json.dumps(value).encode(), {"Content-Type": "application/json"})


def ask_hydra_token(parameters):
    basic = base64.b64encode(("%s:%s" % (CLIENT_ID, CLIENT_SECRET)).encode()).decode()
    return call(HYDRA + "/oauth2/token", "POST", urllib.parse.urlencode(parameters).encode(),
                {"Authorization": "Basic " + basic, "Content-Type": "application/x-www-form-urlencoded"})


def register_client():
    record = {"client_id": CLIENT_ID, "client_name": "The example app", "client_secret": CLIENT_SECRET, "scope": "openid offline",
              "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "redirect_uris": [APP_URL + "/callback"]}
    status, _ = call_json(HYDRA_ADMIN + "/admin/clients/" + CLIENT_ID, "PUT", record)
    if status == 404:
        status, _ = call_json(HYDRA_ADMIN + "/admin/clients", "POST", record)
    return status in (200, 201)


def tell_hydrant(session_id):
    """The session has ended: grants, and what is kept of it in memory, end now and not at the next look."""
    if not HOOK_KEY_FILE:
        return
    with open(HOOK_KEY_FILE, encoding="utf-8") as key:
        call(HYDRANT_ADMIN + "/hooks/kratos/revoke", "POST", json.dumps({"session_id": session_id}).encode(),
             {"Content-Type": "application/json", "Authorization": key.read().strip()})


# ---- HTML ----

def e(text):
    return html.escape(str(text), quote=True)


def claims_of(token):
    try:
        payload = token.split(".")[1]
        return json.dumps(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))), indent=2, ensure_ascii=False)
    except (IndexError, ValueError):
        return "(not a JWT)"


def messages(of):
    return "".join('<p class="%s">%s</p>' % (e(m.get("type", "info")), e(m.get("text", ""))) for m in of.get("messages") or [])


def field(node):
    """one node of a Kratos flow as HTML"""
    a, label = node["attributes"], (node["meta"].get("label") or {}).get("text", "")
    if a["node_type"] == "text":
        return "<p>%s</p>" % e(a["text"]["text"])
    if a["node_type"] == "img":
        return '<img src="%s" alt="%s">' % (e(a["src"]), e(label))
    if a["node_type"] != "input":
        return ""
    value = ' value="%s"' % e(a["value"]) if a.get("value") is not None else ""
    if a["type"] == "hidden":
        return '<input type="hidden" name="%s"%s>' % (e(a["name"]), value)
    if a["type"] in ("submit", "button"):
        return '<button type="submit" name="%s"%s>%s</button>' % (e(a["name"]), value, e(label))
    more = "".join(" " + word for word in ("required", "disabled") if a.get(word))
    more += ' autocomplete="%s"' % e(a["autocomplete"]) if a.get("autocomplete") else ""
    return '<label>%s<input type="%s" name="%s"%s%s></label>%s' % (e(label or a["name"]), e(a["type"]), e(a["name"]), value, more, messages(node))


def flow_form(flow):
    ui = flow["ui"]
    groups = {node["group"] for node in ui["nodes"]} - {"default"}
    forms = []
    for group in sorted(groups) or ["default"]:  # a form for each way to go on
        nodes = [node for node in ui["nodes"] if node["group"] in ("default", group)]
        forms.append('<form action="%s" method="%s">%s</form>' % (e(ui["action"]), e(ui["method"]), "".join(map(field, nodes))))
    return messages(ui) + "".join(forms)


def own_form(action, hidden, buttons):
    fields = "".join('<input type="hidden" name="%s" value="%s">' % (e(n), e(v)) for n, v in hidden.items())
    return '<form action="%s" method="post">%s%s</form>' % (e(action), fields, "".join('<button name="do" value="%s">%s</button>' % (e(v), e(w)) for v, w in buttons))


def seal(*parts):
    """what a form of ours carries, so that no other site can send it"""
    return hmac.new(FORM_KEY, json.dumps(parts).encode(), hashlib.sha256).hexdigest()


# ---- the app ----

class Refused(Exception):
    pass


class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    tokens = {}  # by a cookie of this app: what Hydra gave

    # -- what came --

    def cookies(self):
        jar = http.cookies.SimpleCookie()
        try:
            jar.load(self.headers.get("Cookie", ""))
        except http.cookies.CookieError:
            pass
        return {name: morsel.value for name, morsel in jar.items()}

    def session(self):
        """the Kratos session of this browser, or None"""
        if SESSION_COOKIE not in self.cookies():
            return None
        status, session = call(KRATOS + "/sessions/whoami", headers={"Cookie": "%s=%s" % (SESSION_COOKIE, self.cookies()[SESSION_COOKIE])})
        if status not in (200, 401):
            raise Refused("Kratos answered %s to whoami." % (status or "nothing"))
        return session if status == 200 else None

    def form(self):
        length = self.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > FORM_MAX:
            self.close_connection = True  # where it ends isn't known, or not worth reading
            raise Refused("That form is too long, or doesn't say how long it is.")
        return dict(urllib.parse.parse_qsl(self.rfile.read(int(length)).decode("utf-8", "replace")))

    # -- what goes out --

    def answer(self, title, body, status=200):
        page = PAGE.replace("{title}", e(title)).replace("{hydrant}", e(HYDRANT_URL)).replace("{body}", body).encode()
        self.send(status, page, "text/html; charset=utf-8", {"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; "
                                                             "connect-src 'self' %s; frame-ancestors 'none'; base-uri 'none'" % HYDRANT_URL})

    def send(self, status, body, content_type, headers=None):
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), "Cache-Control": "no-store",
                            "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def redirect(self, to, headers=None):
        self.send(303, b"", "text/plain", {"Location": to, **(headers or {})})

    # -- Kratos' pages --

    def show_flow(self, path, query):
        kind = path[1:]
        if "flow" not in query:
            back = "?return_to=" + urllib.parse.quote(APP_URL + query["back"], safe="") if query.get("back", "").startswith("/") else ""
            return self.redirect("%s/self-service/%s/browser%s" % (KRATOS_URL, kind, back))
        status, flow = call("%s/self-service/%s/flows?id=%s" % (KRATOS, kind, urllib.parse.quote(query["flow"], safe="")), headers={"Cookie": self.headers.get("Cookie", "")})
        if status != 200:
            return self.redirect(path)  # too old, or another browser's: begin anew
        other = '<p><a href="/login">Sign in</a> instead</p>' if path == "/registration" else '<p><a href="/registration">Sign up</a> instead</p>' if path == "/login" else ""
        return self.answer(FLOWS[path], flow_form(flow) + other)

    def show_error(self, query):
        _, error = call("%s/self-service/errors?id=%s" % (KRATOS, urllib.parse.quote(query.get("id", ""), safe="")))
        said = (error or {}).get("error") or {}
        self.answer("Something went wrong", "<p>%s</p><p>%s</p>" % (e(said.get("message", query.get("error", "No more is known."))), e(said.get("reason", query.get("error_description", "")))), 400)

    def log_out(self):
        session = self.session()
        status, flow = call(KRATOS + "/self-service/logout/browser", headers={"Cookie": self.headers.get("Cookie", "")})
        if session is None or status != 200:
            return self.redirect("/")
        # Kratos first, Hydrant after: told before, it might look once more at a session that is still alive
        status, _ = call(KRATOS + flow["logout_url"].removeprefix(KRATOS_URL), headers={"Cookie": self.headers.get("Cookie", "")})
        if status != 204:
            raise Refused("Kratos answered %s to the log-out." % (status or "nothing"))
        tell_hydrant(session["id"])
        self.redirect("/", {"Set-Cookie": "%s=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" % SESSION_COOKIE})

    # -- Hydra's login and consent --

    def hydra_login(self, query):
        challenge = query.get("login_challenge", "")
        session = self.session()
        if session is None:
            return self.redirect("/login?back=" + urllib.parse.quote("/hydra/login?login_challenge=" + challenge, safe=""))
        status, said = call_json("%s/admin/oauth2/auth/requests/login/accept?login_challenge=%s" % (HYDRA_ADMIN, urllib.parse.quote(challenge, safe="")), "PUT",
                                 {"subject": session["identity"]["id"], "identity_provider_session_id": session["id"]})
        return self.follow(status, said)

    def consent_of(self, challenge, session):
        status, request = call("%s/admin/oauth2/auth/requests/consent?consent_challenge=%s" % (HYDRA_ADMIN, urllib.parse.quote(challenge, safe="")))
        if status != 200:
            raise Refused("Hydra answered %s to a consent request." % (status or "nothing"))
        if session is None or session["identity"]["id"] != request["subject"]:
            raise Refused("This consent is somebody else's. Sign in again.")
        return request

    def show_consent(self, query):
        challenge, session = query.get("consent_challenge", ""), self.session()
        request = self.consent_of(challenge, session)
        name = request["client"].get("client_name") or request["client"]["client_id"]
        self.answer("May it?", "<p><b>%s</b> asks for: %s</p>" % (e(name), e(", ".join(request.get("requested_scope") or []) or "nothing in particular"))
                    + own_form("/hydra/consent", {"consent_challenge": challenge, "seal": seal("consent", challenge, session["id"])}, [("allow", "Allow"), ("deny", "Deny")]))

    def take_consent(self):
        form, session = self.form(), self.session()
        challenge = form.get("consent_challenge", "")
        request = self.consent_of(challenge, session)
        if not hmac.compare_digest(form.get("seal", ""), seal("consent", challenge, session["id"])):
            raise Refused("That form is not this page's.")
        if form.get("do") != "allow":
            return self.answer_consent("reject", challenge, {"error": "access_denied", "error_description": "The person said no."})
        # kratos_session_id ties Hydra's tokens to the Kratos session: Hydrant's token hook looks at it (hydra.hook.kratos_session)
        return self.answer_consent("accept", challenge, {
            "grant_scope": request.get("requested_scope") or [], "grant_access_token_audience": request.get("requested_access_token_audience") or [],
            "session": {"access_token": {"kratos_session_id": session["id"]}, "id_token": {}}})

    def answer_consent(self, verb, challenge, value):
        at = "%s/admin/oauth2/auth/requests/consent/%s?consent_challenge=%s" % (HYDRA_ADMIN, verb, urllib.parse.quote(challenge, safe=""))
        return self.follow(*call_json(at, "PUT", value))

    def follow(self, status, said):
        if status != 200:
            raise Refused("Hydra answered %s." % (status or "nothing"))
        return self.redirect(said["redirect_to"])

    # -- an OAuth2 client of Hydra's --

    def ask_code(self):
        if not register_client():
            raise Refused("Hydra could not be told about this app.")
        key, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        state = secrets.token_urlsafe(16)
        self.tokens[key] = {"state": state, "verifier": verifier}
        asked = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": APP_URL + "/callback", "scope": "openid offline", "state": state, "code_challenge_method": "S256",
                 "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")}
        self.redirect(HYDRA_URL + "/oauth2/auth?" + urllib.parse.urlencode(asked), {"Set-Cookie": "app=%s; Path=/; HttpOnly; SameSite=Lax" % key})

    def own_tokens(self):
        mine = self.tokens.get(self.cookies().get("app", ""))
        if mine is None:
            raise Refused("This browser asked for no token of Hydra's, or the app was started anew since.")
        return mine

    def take_code(self, query):
        mine = self.own_tokens()
        if "error" in query:
            return self.show_error(query)
        if not hmac.compare_digest(query.get("state", ""), mine.get("state", "")):
            raise Refused("That answer is to another question.")
        self.keep(mine, *ask_hydra_token({"grant_type": "authorization_code", "code": query.get("code", ""), "redirect_uri": APP_URL + "/callback", "code_verifier": mine.pop("verifier", "")}))
        self.redirect("/hydra/token")

    def refresh_hydra(self):
        mine = self.own_tokens()
        self.form()
        self.keep(mine, *ask_hydra_token({"grant_type": "refresh_token", "refresh_token": mine.get("refresh_token", "")}))
        self.redirect("/hydra/token")

    @staticmethod
    def keep(mine, status, said):
        mine["said"] = "%s %s" % (status, (said or {}).get("error_description") or (said or {}).get("error") or "")
        if status == 200:
            mine.update(access_token=said["access_token"], refresh_token=said.get("refresh_token", ""))

    def show_hydra_token(self):
        mine = self.own_tokens()
        self.answer("Hydra's access token", "<p>Hydra's last answer: <b>%s</b></p><pre>%s</pre>" % (e(mine.get("said", "")), e(claims_of(mine.get("access_token", ""))))
                    + own_form("/hydra/refresh", {}, [("refresh", "Refresh it")]) + '<p>The claims are Hydrant\'s: Hydra asked its token hook. Sign out, refresh again, and Hydra says 403.</p><p><a href="/">Back</a></p>')

    # -- home --

    def show_home(self):
        session = self.session()
        if session is None:
            return self.answer("Hydrant, tried out", '<p>Nobody is signed in.</p><p><a class="button" href="/registration">Sign up</a> <a class="button" href="/login">Sign in</a></p>')
        traits = session["identity"].get("traits") or {}
        return self.answer("Hydrant, tried out", '<p>Signed in as <b>%s</b>, Kratos session <code>%s</code>.</p><div id="spa"></div>'
                           '<p><a class="button" href="/hydra/start">Get a token from Hydra, too</a> <a class="button" href="/logout">Sign out</a></p>'
                           '<script src="/page.js"></script>' % (e(traits.get("email", "?")), e(session["id"])))

    def show_file(self, path):
        kinds = {"/page.js": "text/javascript", "/page.css": "text/css"}
        with open(os.path.join(HERE, path[1:]), "rb") as content:
            self.send(200, content.read(), kinds[path] + "; charset=utf-8")

    # -- which page --

    def route(self, method, path, query):
        if method == "GET" and path in FLOWS:
            return self.show_flow(path, query)
        if method == "GET" and path in ("/page.js", "/page.css"):
            return self.show_file(path)
        pages = {("GET", "/"): self.show_home, ("GET", "/error"): lambda: self.show_error(query), ("GET", "/logout"): self.log_out,
                 ("GET", "/hydra/login"): lambda: self.hydra_login(query), ("GET", "/hydra/consent"): lambda: self.show_consent(query), ("POST", "/hydra/consent"): self.take_consent,
                 ("GET", "/hydra/start"): self.ask_code, ("GET", "/callback"): lambda: self.take_code(query), ("GET", "/hydra/token"): self.show_hydra_token,
                 ("POST", "/hydra/refresh"): self.refresh_hydra, ("GET", "/health"): lambda: self.send(200, b"ok\n", "text/plain")}
        page = pages.get((method, path))
        if page is None:
            return self.answer("There is no such page", '<p><a href="/">Home</a></p>', 404)
        return page()

    def serve_one(self, method):
        url = urllib.parse.urlsplit(self.path)
        try:
            self.route(method, url.path, dict(urllib.parse.parse_qsl(url.query)))
        except Refused as why:
            self.answer("That did not work", '<p>%s</p><p><a href="/">Home</a></p>' % e(why), 400)

    def do_GET(self):
        self.serve_one("GET")

    def do_POST(self):
        self.serve_one("POST")

    def log_message(self, form, *args):  # no query: it may hold a challenge or a code
        sys.stderr.write("%s %s %s\n" % (self.command, urllib.parse.urlsplit(self.path).path if hasattr(self, "path") else "", args[1] if len(args) > 1 else ""))


if __name__ == "__main__":
    host, _, port = LISTEN.rpartition(":")
    http.server.ThreadingHTTPServer((host, int(port)), App).serve_forever()
