"""introspect_bench: introspections a second (RFC 7662), beside nginx serving the key set as a file, in the same run.

    tests/storage/with_postgres -- /usr/bin/python3 tests/bench/introspect_bench.py BUILD_DIRECTORY [SECONDS]

Load by wrk over loopback, kept connections, as many threads each as here. On the Postgres of with_postgres where there is one, else on SQLite. An access token without a
grant costs a signature's check; one with a grant, and a refresh token, one read of the database more; a JWT answer (RFC 9701) one signature more.
Prints numbers; judges nothing."""
import os
import re
import shutil
import subprocess
import tempfile

from jwks_bench import JWKS, SECONDS, WORKERS, measure  # sets the build directory
from nginx import Nginx, program
from parts import BUILD, DEFAULT_CLIENTS, SECRETS, Hydrant, Kratos, basic, default_settings, form, merge

CONNECTIONS = (1, 64)
API = {"client_id": "https://api.example.com", "client_secret": "secret-of-the-api-with-32-letters"}
LUA = """wrk.method = "POST"
wrk.path = "/oauth2/introspect"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Authorization"] = "%s"
wrk.headers["Accept"] = "%s"
wrk.body = "%s"
"""


def introspect(hydrant, connections, script):
    done = subprocess.run(["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", "%ds" % SECONDS, "--latency", "-s", script, "http://127.0.0.1:%d" % hydrant.public.port],
                          capture_output=True, text=True, check=True)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: .*", done.stdout)
    assert wrong is None, done.stdout
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1)), re.search(r"^ +99% +(\S+)", done.stdout, re.MULTILINE).group(1)


def questions(hydrant, kratos):
    """what is asked: its name, who asks, for what, and the Accept header"""
    session, backend = kratos.session(), ("backend", SECRETS["backend"])
    free = hydrant.exchange(session, client="exchange-only").json["access_token"]
    said = hydrant.exchange(session, client="backend").json
    api = (API["client_id"], API["client_secret"])
    return [("access token without a grant", api, free, "application/json"), ("access token of a grant", api, said["access_token"], "application/json"),
            ("refresh token", backend, said["refresh_token"], "application/json"), ("access token of a grant, as a JWT", api, said["access_token"], "application/token-introspection+jwt"),
            ("garbage", api, "garbage", "application/json")]


def open_database(folder):
    dsn = os.environ.get("HYDRANT_TEST_DSN")
    if dsn is None:
        return "sqlite://%s/bench.db" % folder
    subprocess.run([os.path.join(BUILD, "hydrant"), "migrate"], env={**os.environ, "DSN": dsn, "SECRETS_SYSTEM": "only-the-schema-is-made-here-no-token"}, check=True, capture_output=True)
    return dsn


def main():
    if shutil.which("wrk") is None or program() is None:
        print("introspect_bench: wrk and nginx are not both here: nothing measured")
        return
    kratos = Kratos()
    with tempfile.TemporaryDirectory() as folder:
        dsn = open_database(folder)
        hydrant = Hydrant(merge(default_settings(kratos, dsn), {"serve": {"workers": WORKERS}, "log": {"level": "warn"}, "clients": DEFAULT_CLIENTS + [API]}))
        nginx = Nginx(JWKS, hydrant.public.get(JWKS).body, WORKERS)
        print("introspections on %s, %d workers each (requests/s, p99; nginx serves a file):" % (dsn.split(":")[0], WORKERS))
        for connections in CONNECTIONS:
            baseline, _ = measure(nginx.port, connections)
            for name, who, token, accept in questions(hydrant, kratos):
                script = os.path.join(folder, "ask.lua")
                with open(script, "w", encoding="ascii") as f:
                    f.write(LUA % (basic(*who), accept, form({"token": token})))
                rate, p99 = introspect(hydrant, connections, script)
                print("    %4d connections, %-33s %8.0f (%s)   %.2f x nginx's %.0f" % (connections, name, rate, p99, rate / baseline, baseline), flush=True)
        nginx.stop()
        hydrant.stop()
    kratos.stop()


if __name__ == "__main__":
    main()
