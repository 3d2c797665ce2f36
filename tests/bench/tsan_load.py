"""tsan_load: a server of three workers built with ThreadSanitizer, under a short load of everything at once: exchanges, refreshes, the same token from many
threads, revocations, clients that come and go, the key set, the metrics; then a drain. usage: tsan_load.py BUILD_DIRECTORY [SECONDS]; a report of the sanitizer fails it."""
import os
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(sys.argv[1])
os.environ["HYDRANT_BUILD"] = BUILD
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "http")]
from load import LoadFailed, refresh, run  # noqa: E402
from parts import Hydrant, Kratos, default_settings, merge  # noqa: E402

SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 4


def busy(until, work):
    """a thread that does its work over and over; what it raises fails the run"""
    def run():
        try:
            while time.monotonic() < until:
                work()
        except Exception as failed:
            failures.append(repr(failed))
    thread = threading.Thread(target=run)
    thread.start()
    return thread


failures = []


def works(hydrant, kratos):
    shared = {"token": hydrant.exchange(kratos.session(), client="mobile").json["refresh_token"]}

    def exchange_and_revoke():
        token = hydrant.exchange(kratos.session()).json["refresh_token"]
        assert hydrant.refresh(token).status == 200
        assert hydrant.revoke(token).status == 200

    def same_token():
        answer = hydrant.refresh(shared["token"], client="mobile")
        if answer.status == 200:
            shared["token"] = answer.json["refresh_token"]

    def clients():
        made = hydrant.admin.post_json("/admin/clients", {"token_endpoint_auth_method": "none", "scope": "api"})
        assert made.status == 201, made
        assert hydrant.exchange(kratos.session(), client=made.json["client_id"]).status == 200
        assert hydrant.admin.request("DELETE", "/admin/clients/" + made.json["client_id"]).status == 204

    def documents():
        assert hydrant.public.get("/.well-known/jwks.json").status == 200
        assert hydrant.public.get("/health/ready").status == 200
        assert hydrant.admin.get("/metrics/prometheus").status == 200

    return [exchange_and_revoke, same_token, same_token, clients, documents]


def load(kratos, dsn):
    hydrant = Hydrant(merge(default_settings(kratos, dsn), {"serve": {"workers": 3}, "kratos": {"session": {"revalidate_after": "0s"}}, "refresh_token": {"coalesce": "0s"}, "log": {"level": "warn"}}))
    tokens = [hydrant.exchange(kratos.session(), client="mobile").json["refresh_token"] for _ in range(16)]
    until = time.monotonic() + SECONDS
    threads = [busy(until, work) for work in works(hydrant, kratos)]
    done = None
    try:
        done = run(hydrant.public.port, refresh("mobile"), 16, SECONDS, tokens, next="refresh_token")
    except LoadFailed as why:
        failures.append(str(why))
    for thread in threads:
        thread.join()
    hydrant.stop()
    assert not failures, failures
    print(dsn.split(":")[0], done, flush=True)


def main():
    kratos = Kratos()
    with tempfile.TemporaryDirectory() as folder:
        load(kratos, "sqlite://%s/tsan.db" % folder)
    dsn = os.environ.get("HYDRANT_TEST_DSN")
    if dsn:
        subprocess.run([os.path.join(BUILD, "hydrant"), "migrate"], env={**os.environ, "DSN": dsn, "SECRETS_SYSTEM": "only-the-schema-is-made-here-no-token"}, check=True, capture_output=True)
        load(kratos, dsn)
    kratos.stop()


if __name__ == "__main__":
    main()
