"""hook_bench: answers a second of Hydra's token hook while what Kratos says is remembered, beside nginx serving a file of the same size, in the same run.

    /usr/bin/python3 tests/bench/hook_bench.py BUILD_DIRECTORY [SECONDS]

Load by wrk over loopback, kept connections: refreshes of a hundred people, as a real Hydra sends them, each person seen before. With claims that are
paths, and with claims that jq computes. Prints numbers; judges nothing."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from jwks_bench import JWKS, SECONDS, WORKERS  # noqa: E402
from nginx import Nginx, program  # noqa: E402
from parts import ROOT, Hydrant, Kratos, default_settings, merge  # noqa: E402

PEOPLE = 100
CONNECTIONS = (1, 8, 64)
KEY = "Bearer 3f9c1a7e5b2d8846"
PATHS = {"email": ".identity.traits.email", "plan": ".identity.metadata_public.plan"}
COMPUTED = {**PATHS, "name": ".identity.traits.name | \"\\(.first) \\(.last)\"", "grant": "$hydra.request.payload.grant_type[0]"}
SCRIPT = """
local bodies, turn = {%s}, 0
wrk.method = "POST"
wrk.headers["Authorization"] = "%s"
wrk.headers["Content-Type"] = "application/json; charset=UTF-8"
function request()
    turn = turn %% #bodies + 1
    return wrk.format(nil, nil, nil, bodies[turn])
end
"""


def payloads(kratos):
    with open(os.path.join(ROOT, "tests", "data", "hydra", "refresh.json"), encoding="utf-8") as f:
        payload = json.loads(json.load(f)["body"])
    bodies = []
    for _ in range(PEOPLE):
        payload["session"]["id_token"]["subject"] = kratos.session()["identity_id"]
        bodies.append(json.dumps(payload, separators=(",", ":")))
    return bodies


def measure(port, path, connections, script=None):
    done = subprocess.run(["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", "%ds" % SECONDS, "--latency", *(["-s", script] if script else []),
                           "http://127.0.0.1:%d%s" % (port, path)], capture_output=True, text=True, check=True)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: .*", done.stdout)
    assert wrong is None, done.stdout
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1)), *(re.search(r"^ +%s%% +(\S+)" % part, done.stdout, re.MULTILINE).group(1) for part in (50, 99))


def bench(kratos, what, claims):
    hook = {"enabled": True, "api_key": KEY, "access_token": {"claims": claims}, "id_token": {"claims": claims}}
    settings = {"serve": {"workers": WORKERS}, "log": {"level": "warn"}, "hydra": {"hook": hook}, "kratos": {"session": {"revalidate_after": "1h"}}}
    with tempfile.TemporaryDirectory() as folder:
        hydrant, bodies = Hydrant(merge(default_settings(kratos, "sqlite://%s/bench.db" % folder), settings)), payloads(kratos)
        script = os.path.join(folder, "hook.lua")
        with open(script, "w", encoding="utf-8") as f:
            f.write(SCRIPT % (",".join("[==[%s]==]" % body for body in bodies), KEY))
        answer = hydrant.admin.request("POST", "/hooks/hydra/token", bodies[0], {"Authorization": KEY})
        assert answer.status == 200, answer
        nginx = Nginx(JWKS, answer.body, WORKERS)
        measure(hydrant.admin.port, "/hooks/hydra/token", 8, script)  # each worker sees each person once
        before = kratos.counts()["identity"]
        print("hook, %s, %d bytes in, %d out, %d workers each (requests/s, p50, p99):" % (what, len(bodies[0]), len(answer.body), WORKERS))
        for connections in CONNECTIONS:
            ours, theirs = measure(hydrant.admin.port, "/hooks/hydra/token", connections, script), measure(nginx.port, JWKS, connections)
            print("    %4d connections   hydrant %8.0f (%s, %s)   nginx %8.0f (%s, %s)   %.2f x nginx" % (connections, *ours, *theirs, ours[0] / theirs[0]), flush=True)
        print("    Kratos was asked %d times meanwhile" % (kratos.counts()["identity"] - before))
        nginx.stop()
        hydrant.stop()


def main():
    if shutil.which("wrk") is None or program() is None:
        print("hook_bench: wrk and nginx are not both here: nothing measured")
        return
    kratos = Kratos()
    bench(kratos, "claims that are paths", PATHS)
    bench(kratos, "two claims of jq's beside them", COMPUTED)
    kratos.stop()


if __name__ == "__main__":
    main()
