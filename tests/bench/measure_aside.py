"""measure_aside: what slow work beside the loops does to those who need none of it: plain refreshes by ES256 while clients come for the first time with secrets that
Hydra hashed, and while tokens are signed by RSA; in turn with the same while as many come with secrets of ours, and while ES256 signs, since who comes costs something anyway; and with that while a program beside
the server computes as much, as nicely: it takes the processors' time, and nobody waits behind it."""
import http.client
import itertools
import subprocess
import sys
import threading
import time

from bench_site import Site, session
from figures import median
from load import LoadFailed
from parts import DEFAULT_CLIENTS, EXCHANGE, KRATOS_SESSION, basic, form

CLIENTS = 16
QUICK = "quick"  # as a kind: secrets of ours, which one SHA-256 tells, or signatures by ES256
SECRET = "correct horse battery staple of hydra"
HASHES = {  # as Hydra makes them by default: some 6 and 60 ms of a processor
    "pbkdf2": "$pbkdf2-sha256$i=25000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$NcUoXXwOGuS0KS55e9je/1vcOo7Biq+HyTgeLmH1/B8",
    "bcrypt": "$2a$10$CsjUDtdOgnf6oUSxY/76reH.CAZu7c5edpPciSaRn3iYC07gNHOMm",
}
PER_S = {"pbkdf2": 20, "bcrypt": 3, "rsa": 50}
ITERATIONS = {"pbkdf2": 25000, "bcrypt": 200000, "rsa": 16000}  # of PBKDF2, that take as long
ELSEWHERE = """import hashlib, os, sys, time
os.nice(10)
due = time.monotonic()
while True:
    hashlib.pbkdf2_hmac("sha256", b"secret", bytes(16), int(sys.argv[1]))
    due = max(due + 1 / float(sys.argv[2]), time.monotonic() - 1)
    time.sleep(max(0, due - time.monotonic()))
"""
SPARE = 1.5  # newcomers for each that is expected: nobody comes twice
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def settings():
    by_rsa = {"client_id": "exchange-rsa", "token_endpoint_auth_method": "none", "scope": "api", "grant_types": [EXCHANGE], "access_token": {"algorithm": "RS256"}}
    return {"clients": [*DEFAULT_CLIENTS, by_rsa], "keys": {"algorithms": ["ES256", "RS256"], "rsa_bits": 4096}}


class Pace:
    """sends a request so many times a second, on as many connections as it takes, while the block runs; a failed one fails the block"""
    THREADS = 4

    def __init__(self, port, per_s, requests):
        self.port, self.every_s, self.requests = port, self.THREADS / per_s, requests
        self.over, self.sent, self.failed, self.took_ms = threading.Event(), itertools.count(), [], []
        self.threads = [threading.Thread(target=self.send_on_pace) for _ in range(self.THREADS)]

    def send_on_pace(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        due = time.monotonic()
        while not self.over.wait(max(0, due - time.monotonic())):
            due += self.every_s
            began = time.monotonic()
            request = next(self.requests)
            if request is None:
                self.failed.append("there is nobody left who comes for the first time")
                break
            connection.request("POST", *request)
            answer = connection.getresponse()
            said = answer.read()
            self.took_ms.append(1000 * (time.monotonic() - began))
            if answer.status != 200:
                self.failed.append("%d %s" % (answer.status, said[:200]))
        connection.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()
        if self.failed or not self.took_ms:
            raise LoadFailed("%d of %d beside the refreshes failed: %s" % (len(self.failed), len(self.took_ms), self.failed[:1]))


class Guarded:
    """an iterator for several threads"""

    def __init__(self, iterator):
        self.iterator, self.lock = iterator, threading.Lock()

    def __next__(self):
        """None: no more"""
        with self.lock:
            return next(self.iterator, None)


def first_requests(hydrant, kind, count):
    """each by another client: its secret is right, and seen for the first time; what it asks for costs nothing more"""
    ids = ["%s-%d" % (kind, number) for number in range(count)]
    for client_id in ids:
        how = {"client_secret": SECRET} if kind == QUICK else {"client_secret_hash": HASHES[kind]}
        answer = hydrant.admin.post_json("/admin/clients", {"client_id": client_id, "scope": "api", **how})
        assert answer.status == 201, answer
    return iter([("/oauth2/revoke", form({"token": "x"}), {**FORM, "Authorization": basic(client_id, SECRET)}) for client_id in ids])


def exchanges(kratos, client):
    token = session(kratos)["session_token"]
    request = "/oauth2/token", form({"grant_type": EXCHANGE, "client_id": client, "subject_token": token, "subject_token_type": KRATOS_SESSION}), FORM
    return itertools.repeat(request)


def expected(bench, per_s):
    return int(SPARE * bench.rounds * (bench.seconds + 1) * per_s) + Pace.THREADS


def make_requests(bench, site):
    """for each kind: what is slow, and what is quick in its place"""
    quick = Guarded(first_requests(site.hydrant, QUICK, 2 * sum(expected(bench, PER_S[kind]) for kind in HASHES)))  # by themselves, and with a program elsewhere
    requests = {kind: (Guarded(first_requests(site.hydrant, kind, expected(bench, PER_S[kind]))), quick) for kind in HASHES}
    requests["rsa"] = Guarded(exchanges(bench.kratos, "exchange-rsa")), Guarded(exchanges(bench.kratos, "exchange-only"))
    return requests


def beside(bench, site, per_s, requests):
    with Pace(site.port, per_s, requests) as pace:
        result = site.refresh_each_its_own(CLIENTS, bench.seconds)
    return {**result, "piece_ms": median(pace.took_ms)}


def beside_elsewhere(bench, site, kind, requests):
    program = subprocess.Popen([sys.executable, "-c", ELSEWHERE, str(ITERATIONS[kind]), str(PER_S[kind])])
    try:
        return beside(bench, site, PER_S[kind], requests)
    finally:
        program.kill()
        program.wait()


def aside(bench):
    with bench.site.share(Site(bench.kratos, bench.site.database, settings())) as site:
        requests, rows = make_requests(bench, site), {kind: [] for kind in PER_S}
        site.refresh_each_its_own(CLIENTS, 1)
        for turn, kind in itertools.product(range(bench.rounds), PER_S):
            slow, quick = requests[kind]
            row = beside(bench, site, PER_S[kind], quick), beside_elsewhere(bench, site, kind, quick), beside(bench, site, PER_S[kind], slow)
            rows[kind].append(row)
            bench.progress("round %d: beside %d/s of %s, which take %.0f ms: p99 %.2f, longest %.1f ms; as much elsewhere: %.2f, %.1f; beside quick ones, which take %.1f ms: %.2f, %.1f" % (
                turn + 1, PER_S[kind], kind, *(row[at][name] for at, names in ((2, ("piece_ms", "p99_ms", "max_ms")), (1, ("p99_ms", "max_ms")), (0, ("piece_ms", "p99_ms", "max_ms"))) for name in names)))
        figures = {}
        for kind, measured in rows.items():
            figures["aside_" + kind] = median([slow["p99_ms"] / elsewhere["p99_ms"] for _, elsewhere, slow in measured])
            figures["aside_%s_quick" % kind] = median([slow["p99_ms"] / quick["p99_ms"] for quick, _, slow in measured])
        # so few stand behind a hash of 60 ms that the longest tells more than the p99
        figures["aside_longest"], figures["aside_longest_quick"] = (median([row[at]["max_ms"] for row in rows["bcrypt"]]) for at in (2, 0))
        return figures
