"""forward_auth_bench: answers of forward-auth a second with the token kept, beside nginx serving a file as large as the answer's header, in the same run.

    /usr/bin/python3 tests/bench/forward_auth_bench.py BUILD_DIRECTORY [SECONDS]

Load by wrk over loopback, kept connections, as many threads each as here: one cookie, and a thousand in turn. Prints numbers;
judges nothing (the bar is 0.5 x nginx)."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from jwks_bench import CONNECTIONS, JWKS, SECONDS, WORKERS, measure  # noqa: E402
from nginx import Nginx, program  # noqa: E402
from parts import Hydrant, Kratos, default_settings, merge  # noqa: E402

PATH = "/session/token/app"
COOKIES = 1000
SETTINGS = {"serve": {"workers": WORKERS, "trusted_proxies": ["127.0.0.1"]}, "log": {"level": "warn"},
            "forward_auth": {"keep": "15m", "profiles": {"app": {"client": "spa", "scope": "api"}}}}
IN_TURN = """local cookies = {%s}
local at = 0
request = function()
    at = at %% #cookies + 1
    return wrk.format("GET", nil, {Cookie = "ory_kratos_session=" .. cookies[at]})
end
"""


def measure_in_turn(port, connections, script):
    done = subprocess.run(["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", "%ds" % SECONDS, "-s", script, "http://127.0.0.1:%d%s" % (port, PATH)],
                          capture_output=True, text=True, check=True)
    assert "Non-2xx" not in done.stdout, done.stdout
    return float(done.stdout.split("Requests/sec:")[1].split()[0])


def warm(hydrant, kratos, folder):
    """a script for wrk, with cookies whose tokens are kept by then"""
    cookies = [kratos.session()["cookie"] for _ in range(COOKIES)]
    for cookie in cookies:
        answer = hydrant.public.get(PATH, {"Cookie": "ory_kratos_session=" + cookie})
        assert answer.status == 200, answer
    script = os.path.join(folder, "in_turn.lua")
    with open(script, "w", encoding="ascii") as f:
        f.write(IN_TURN % ", ".join('"%s"' % cookie for cookie in cookies))
    return cookies[0], script, len(answer.header("Authorization"))


def main():
    if shutil.which("wrk") is None or program() is None:
        print("forward_auth_bench: wrk and nginx are not both here: nothing measured")
        return
    kratos = Kratos()
    with tempfile.TemporaryDirectory() as folder:
        hydrant = Hydrant(merge(default_settings(kratos, "sqlite://%s/bench.db" % folder), SETTINGS))
        cookie, script, size = warm(hydrant, kratos, folder)
        nginx, before = Nginx(JWKS, b"x" * size, WORKERS), kratos.counts()["whoami"]
        print("forward-auth with the token kept, %d bytes of it, %d workers each (requests/s, p99):" % (size, WORKERS))
        for connections in CONNECTIONS:
            rate, p99 = measure(hydrant.public.port, connections, PATH, "Cookie: ory_kratos_session=" + cookie)
            in_turn = measure_in_turn(hydrant.public.port, connections, script)
            static, static_p99 = measure(nginx.port, connections, JWKS)
            print("    %4d connections   one cookie %8.0f (%s), %d in turn %8.0f   nginx, a file %8.0f (%s)   %.2f x nginx" % (
                connections, rate, p99, COOKIES, in_turn, static, static_p99, rate / static), flush=True)
        assert kratos.counts()["whoami"] == before  # else it was Kratos that was measured
        nginx.stop()
        hydrant.stop()
    kratos.stop()


if __name__ == "__main__":
    main()
