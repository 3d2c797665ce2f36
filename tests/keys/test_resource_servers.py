"""Resource servers that no one here wrote (jose, PyJWT), with their own caches of the key set, beside two servers on one Postgres under load: no planned
rotation makes them refuse a token. All have one clock, which moves on a few minutes at a time: no more than docs/keys.md allows clocks and polls to be late."""
import json
import os
import subprocess
import threading
import time

import pytest

from parts import ROOT, header_of

INTEROP = os.path.join(ROOT, "tests", "interop")
AUDIENCE = "https://api.example.com"
MINUTE_S = 60
TICK_S = 4 * MINUTE_S  # under the 5 minutes of skew
TICK_TAKES_S, PAUSE_S = 0.15, 0.05
MAX_AGE_S, PUBLISH_BEFORE_S, ROTATE_EVERY_S = 15 * MINUTE_S, 36 * MINUTE_S, 72 * MINUTE_S  # as short as the inequalities let them be
HINT_S = 3
SETTINGS = {
    "keys": {"algorithms": ["ES256", "RS256"], "jwks_max_age": "15m", "publish_before": "36m", "rotate_every": "72m"},
    "clients": [{"client_id": "elliptic", "token_endpoint_auth_method": "none", "access_token": {"algorithm": "ES256"}},
                {"client_id": "rsa", "token_endpoint_auth_method": "none", "access_token": {"algorithm": "RS256"}}],
}


class Watcher:
    """one of tests/interop/*_watch.*: tokens go in, complaints come out"""

    def __init__(self, command, issuer, servers, environment):
        urls = ["http://127.0.0.1:%d/.well-known/jwks.json" % server.public.port for server in servers]
        self.lock = threading.Lock()
        self.child = subprocess.Popen([*command, issuer, AUDIENCE, str(MAX_AGE_S), *urls], cwd=INTEROP, env={**os.environ, **environment},
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, **what):
        with self.lock:
            self.child.stdin.write(json.dumps(what) + "\n")
            self.child.stdin.flush()

    def verified(self):
        """how often in all; fails when one was refused"""
        self.tell(again=True)
        said = json.loads(self.child.stdout.readline())
        assert said["failed"] == [], sorted(set(said["failed"]))
        return said["verified"]

    def end(self):
        self.child.stdin.close()
        assert self.child.wait(timeout=20) == 0
        self.child.stdout.close()


class Load:
    """exchanges and refreshes through both servers, in turn, as long as it runs"""

    def __init__(self, servers, kratos, watchers):
        self.servers, self.watchers, self.kratos = servers, watchers, kratos
        self.goes_on, self.failed, self.issued = True, [], 0
        self.under_way = threading.Lock(), threading.Lock()  # of each thread: a request
        self.threads = [threading.Thread(target=self.run, args=(i, client, self.under_way[i])) for i, client in enumerate(("elliptic", "rsa"))]
        for thread in self.threads:
            thread.start()

    def run(self, turn, client, under_way):
        refresh_token = None
        session = self.kratos.session(lifespan_s=90 * 24 * 3600)
        while self.goes_on:
            server = self.servers[turn % 2]
            with under_way:
                answer = server.refresh(refresh_token, client=client) if refresh_token else server.exchange(session, client=client)
                if answer.status != 200:
                    self.failed.append(answer)
                    return
                for watcher in self.watchers:
                    watcher.tell(token=answer.json["access_token"])
            refresh_token = answer.json["refresh_token"] if turn % 10 else None
            self.issued += 1
            turn += 1
            time.sleep(PAUSE_S)

    def end(self):
        self.goes_on = False
        for thread in self.threads:
            thread.join()
        assert self.failed == []


class World:
    def __init__(self, servers, clock, kratos):
        issuer = servers[0].settings["urls"]["self"]["issuer"]
        steady_too = {name: value for name, value in clock.environment().items() if name != "FAKETIME_DONT_FAKE_MONOTONIC"}
        self.servers, self.clock = servers, clock
        self.watchers = [Watcher(["node", "jose_watch.mjs"], issuer, servers, clock.environment()),
                         Watcher(["/usr/bin/python3", "pyjwt_watch.py"], issuer, servers, steady_too)]  # PyJWKClient's cache goes by the steady clock
        self.load = Load(servers, kratos, self.watchers)
        for _ in range(2):
            self.pass_time(2 * TICK_S)
            for watcher in self.watchers:
                watcher.tell(join=True)

    def pass_time(self, seconds):
        ends = self.clock.now() + seconds
        while self.clock.now() < ends:
            with self.load.under_way[0], self.load.under_way[1]:  # a request that is under way as the clock jumps is late at once
                self.verified()
                self.clock.move_by(TICK_S)
            for server in self.servers:
                server.read_keys()
            time.sleep(TICK_TAKES_S)

    def verified(self):
        return [watcher.verified() for watcher in self.watchers]

    def signing(self, server, session, client="elliptic"):
        return header_of(server.exchange(session, client=client).json["access_token"])["kid"]

    def end(self):
        self.load.end()
        for watcher in self.watchers:
            watcher.end()


@pytest.fixture
def world(start, clock, kratos, two):
    world = World([start(SETTINGS), start(SETTINGS)], clock, kratos)
    yield world
    world.end()


def await_true(what):
    deadline = time.monotonic() + HINT_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_jose_and_pyjwt_never_meet_a_key_that_they_could_not_have(world, kratos):
    a, b = world.servers
    session = kratos.session(lifespan_s=24 * 3600)
    signers = {world.signing(a, session)}
    world.pass_time(ROTATE_EVERY_S)  # by themselves
    signers.add(world.signing(b, session))
    assert len(signers) == 2
    world.pass_time(PUBLISH_BEFORE_S + TICK_S - ROTATE_EVERY_S % TICK_S)
    assert a.admin.post_json("/admin/keys/rotate", {}).status == 200  # by hand
    await_true(lambda: world.signing(b, session) == world.signing(a, session) not in signers)
    signers.add(world.signing(a, session))
    world.pass_time(PUBLISH_BEFORE_S + TICK_S)
    leaked = world.signing(a, session)
    for watcher in world.watchers:
        watcher.tell(revoked=leaked)
    assert b.admin.request("DELETE", "/admin/keys/" + leaked).status == 200
    await_true(lambda: leaked not in [key["kid"] for server in world.servers for key in server.jwks()["keys"]])
    assert leaked not in (world.signing(a, session), world.signing(b, session))
    world.pass_time(2 * MAX_AGE_S)
    verified = world.verified()
    print("%d tokens, %d keys, verified so often: jose %d, PyJWT %d" % (world.load.issued, len(signers) + 1, *verified))
    assert len(signers) == 3 and min(verified) > world.load.issued
