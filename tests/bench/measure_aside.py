"""measure_aside: what slow work beside the loops does to those who need none of it: plain refreshes by ES256 while clients come for the first time with secrets that
Hydra hashed, and while tokens are signed by RSA; in turn with the same refreshes alone."""
import http.client
import itertools
import threading
import time

from bench_site import Site, session
from figures import median
from load import LoadFailed
from parts import DEFAULT_CLIENTS, EXCHANGE, KRATOS_SESSION, basic, form

CLIENTS = 16
SECRET = "correct horse battery staple of hydra"
HASHES = {  # as Hydra makes them by default: some 6 and 60 ms of a processor
    "pbkdf2": "$pbkdf2-sha256$i=25000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$NcUoXXwOGuS0KS55e9je/1vcOo7Biq+HyTgeLmH1/B8",
    "bcrypt": "$2a$10$CsjUDtdOgnf6oUSxY/76reH.CAZu7c5edpPciSaRn3iYC07gNHOMm",
}
PER_S = {"pbkdf2": 20, "bcrypt": 3, "rsa": 50}
SPARE = 1.5  # newcomers for each that is expected: nobody comes twice
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def settings():
    clients = [{**client, "access_token": {"algorithm": "RS256"}} if client["client_id"] == "exchange-only" else client for client in DEFAULT_CLIENTS]
    return {"clients": clients, "keys": {"algorithms": ["ES256", "RS256"]}}


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
            connection.request("POST", *next(self.requests))
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
        with self.lock:
            return next(self.iterator)


def first_requests(hydrant, kind, count):
    """each by another client: its secret is right, and seen for the first time; what it asks for costs nothing more"""
    ids = ["%s-%d" % (kind, number) for number in range(count)]
    for client_id in ids:
        answer = hydrant.admin.post_json("/admin/clients", {"client_id": client_id, "client_secret_hash": HASHES[kind], "scope": "api"})
        assert answer.status == 201, answer
    return iter([("/oauth2/revoke", form({"token": "x"}), {**FORM, "Authorization": basic(client_id, SECRET)}) for client_id in ids])


def rsa_requests(kratos):
    token = session(kratos)["session_token"]
    request = "/oauth2/token", form({"grant_type": EXCHANGE, "client_id": "exchange-only", "subject_token": token, "subject_token_type": KRATOS_SESSION}), FORM
    return itertools.repeat(request)


def aside(bench):
    with bench.site.share(Site(bench.kratos, bench.site.database, settings())) as site:
        site.refresh_each_its_own(CLIENTS, 1)
        runs_s = bench.rounds * (bench.seconds + 1)
        requests = {kind: Guarded(first_requests(site.hydrant, kind, int(SPARE * runs_s * PER_S[kind]) + Pace.THREADS)) for kind in HASHES}
        requests["rsa"] = Guarded(rsa_requests(bench.kratos))
        ratios, alone_ms, longest_ms = {kind: [] for kind in PER_S}, [], {kind: [] for kind in PER_S}
        for turn, kind in itertools.product(range(bench.rounds), PER_S):
            alone = site.refresh_each_its_own(CLIENTS, bench.seconds)
            with Pace(site.port, PER_S[kind], requests[kind]) as pace:
                beside = site.refresh_each_its_own(CLIENTS, bench.seconds)
            ratios[kind].append(beside["p99_ms"] / alone["p99_ms"])
            alone_ms.append(alone["p99_ms"])
            longest_ms[kind].append((alone["max_ms"], beside["max_ms"]))
            bench.progress("round %d: p50 %.2f, p99 %.2f, longest %.1f ms alone; %.2f, %.2f, %.1f ms beside %d/s of %s, of which one takes %.0f ms" % (
                turn + 1, *(result[name] for result in (alone, beside) for name in ("p50_ms", "p99_ms", "max_ms")), PER_S[kind], kind, median(pace.took_ms)))
        # so few stand behind a hash of 60 ms that the longest tells more than the p99
        longest = [median(values) for values in zip(*longest_ms["bcrypt"])]
        return {"aside_alone": median(alone_ms), **{"aside_" + kind: median(values) for kind, values in ratios.items()}, "aside_longest_alone": longest[0], "aside_longest": longest[1]}
