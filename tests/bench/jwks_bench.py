"""jwks_bench: requests a second of the key set, beside nginx serving the same bytes as a file, in the same run.

    /usr/bin/python3 tests/bench/jwks_bench.py BUILD_DIRECTORY [SECONDS]

Load by wrk over loopback, kept connections, as many threads each as here. Both are asked for the whole set and for whether it is still the same (304).
Prints numbers; judges nothing."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(sys.argv[1])
os.environ["HYDRANT_BUILD"] = BUILD
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "http"))
import nginx  # noqa: E402
from parts import Hydrant, Http, Kratos, default_settings, merge  # noqa: E402

SECONDS = max(1, int(float(sys.argv[2]))) if len(sys.argv) > 2 else 3
CONNECTIONS = (1, 64)
WORKERS = 2
JWKS = "/.well-known/jwks.json"


def measure(port, connections, path=JWKS, header=None):
    header = ["-H", header] if header else []
    done = subprocess.run(["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", "%ds" % SECONDS, "--latency", *header, "http://127.0.0.1:%d%s" % (port, path)],
                          capture_output=True, text=True, check=True)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: .*", done.stdout)
    assert wrong is None, done.stdout
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1)), re.search(r"^ +99% +(\S+)", done.stdout, re.MULTILINE).group(1)


def main():
    if shutil.which("wrk") is None or nginx.program() is None:
        print("jwks_bench: wrk and nginx are not both here: nothing measured")
        return
    kratos = Kratos()
    with tempfile.TemporaryDirectory() as folder:
        hydrant = Hydrant(merge(default_settings(kratos, "sqlite://%s/bench.db" % folder), {"serve": {"workers": WORKERS}, "log": {"level": "warn"}}))
        body = hydrant.public.get(JWKS).body
        static = nginx.Nginx(JWKS, body, WORKERS)
        print("the key set, %d bytes, %d workers each (requests/s, p99):" % (len(body), WORKERS))
        for connections in CONNECTIONS:
            for what, conditional in (("200", False), ("304", True)):
                line = "    %4d connections, %s" % (connections, what)
                rates = []
                for name, port in (("hydrant", hydrant.public.port), ("nginx", static.port)):
                    rate, p99 = measure(port, connections, header="If-None-Match: " + Http(port).get(JWKS).header("ETag") if conditional else None)
                    rates.append(rate)
                    line += "   %s %8.0f (%s)" % (name, rate, p99)
                print(line + "   %.2f x nginx" % (rates[0] / rates[1]), flush=True)
        static.stop()
        hydrant.stop()
    kratos.stop()


if __name__ == "__main__":
    main()
