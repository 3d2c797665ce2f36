"""A year of rotations through the running server, under a clock that the test sets. No resource server ever meets a key that it could not have, whenever it
fetched the key set, and no token ends before its time."""
import pytest

from key_table import KeyTable
from watch import Watch

DAY_S = 24 * 3600
STATES = ["pending", "active", "retiring", "removed"]
MAX_AGE_S = 15 * 60
CACHE_S = 12 * 3600  # .NET's resource servers keep a key set for so long, whatever its max-age
PIECE_LEN = 16
ROWS_MAX = 5         # of an algorithm: pending, active, retiring, removed and kept to be looked at
SETTINGS = {
    "keys": {"algorithms": ["ES256", "RS256"]},
    "access_token": {"ttl": "24h"},
    "refresh_token": {"absolute_ttl": "400d"},
    "clients": [{"client_id": "elliptic", "token_endpoint_auth_method": "none", "access_token": {"algorithm": "ES256"}},
                {"client_id": "rsa", "token_endpoint_auth_method": "none", "access_token": {"algorithm": "RS256"}}],
}


class Lives:
    """what became of each key"""

    def __init__(self):
        self.states, self.privates, self.rows_max = {}, {}, 0

    def see(self, rows, now_ms):
        for row in rows:
            seen = self.states.setdefault(row.kid, [])
            state = row.state(now_ms)
            if seen[-1:] != [state]:
                seen.append(state)
            if row.sealed_private:
                self.privates[row.kid] = row.sealed_private
            assert bool(row.sealed_private) == (state in ("pending", "active")), row
        for algorithm in {row.algorithm for row in rows}:
            states = [row.state(now_ms) for row in rows if row.algorithm == algorithm]
            assert states.count("active") == 1 and states.count("pending") == 1, rows
            self.rows_max = max(self.rows_max, len(states))

    def check(self):
        for kid, seen in self.states.items():
            first = STATES.index(seen[0])  # the very first key signs at once
            assert seen == STATES[first:first + len(seen)], (kid, seen)

    def count(self, state):
        return sum(state in seen for seen in self.states.values())


def moments(rows, after):
    """what lies ahead: the seconds beside each change, and when the oldest sets that are kept at a change are fetched"""
    changes = {at / 1000 for row in rows for at in (row.activate_at, row.retire_at, row.remove_at) if at}
    return sorted(moment for at in changes for moment in (at - CACHE_S + 1, at - MAX_AGE_S, at - 1, at + 1) if moment > after + 0.5)


class Year:
    def __init__(self, servers, time_passes, kratos):
        self.servers, self.clock, self.pass_time = servers, time_passes.clock, time_passes
        self.table, self.watch, self.lives = KeyTable(servers[0].settings["dsn"]), Watch(CACHE_S), Lives()
        self.session = kratos.session(lifespan_s=400 * DAY_S)
        self.refresh_token = self.asked(servers[0].exchange(self.session, client="rsa"))["refresh_token"]
        self.steps = 0

    def asked(self, answer):
        assert answer.status == 200, answer
        return answer.json

    def look(self):
        """Each server reads its keys now, as it does every 30 s of a time that here flies."""
        for server in self.servers:
            server.read_keys()

    def step(self):
        at = self.clock.now()
        self.look()
        sets = [server.public.get("/.well-known/jwks.json").body for server in self.servers]
        assert len(set(sets)) == 1
        self.watch.see_set(at, self.servers[0].jwks())
        server = self.servers[self.steps % len(self.servers)]
        self.watch.see_token(at, self.asked(server.exchange(self.session, client="elliptic"))["access_token"])
        refreshed = self.asked(server.refresh(self.refresh_token, client="rsa"))
        self.refresh_token = refreshed["refresh_token"]
        self.watch.see_token(at, refreshed["access_token"])
        self.watch.verify(at, MAX_AGE_S)
        rows = self.table.rows()
        self.lives.see(rows, at * 1000)
        self.steps += 1
        return rows

    def run(self, days, step_s):
        began = self.clock.now()
        while self.clock.now() < began + days * DAY_S:
            rows = self.step()
            at = self.clock.now()
            self.pass_time(min([at + step_s, *moments(rows, at)[:1]]) - at)
        self.lives.check()
        self.table.close()
        print("%d steps, %d keys, %d verifications" % (self.steps, len(self.lives.states), self.watch.verified))


def assert_no_private_part_but(path, privates, kids):
    """nor a piece of one in a part of the file that is free now"""
    with open(path, "rb") as f:
        left = f.read()

    def has_a_piece(sealed):
        return any(sealed[i:i + PIECE_LEN] in left for i in range(PIECE_LEN, len(sealed) - PIECE_LEN, PIECE_LEN))  # the head is the same in all

    assert {kid for kid, sealed in privates.items() if has_a_piece(sealed)} == set(kids)


def test_a_year_of_rotations(start, time_passes, kratos, on_postgres):
    if on_postgres:
        pytest.skip("one server over SQLite; on Postgres two run for a shorter time")
    server = start(SETTINGS, at=time_passes)
    year = Year([server], time_passes, kratos)
    year.run(days=365, step_s=DAY_S)
    assert year.lives.rows_max <= ROWS_MAX
    assert year.lives.count("active") == 2 * 13 and year.lives.count("removed") == 2 * 12
    server.stop()
    assert_no_private_part_but(year.table.path, year.lives.privates, [kid for kid, states in year.lives.states.items() if states[-1] in ("pending", "active")])


@pytest.mark.parametrize("order", ["rotated", "fresh", "revoked"])
def test_a_private_part_that_was_destroyed_is_nowhere_in_the_file(start, on_postgres, order):
    if on_postgres:
        pytest.skip("Postgres overwrites in its own time (VACUUM)")
    server = start({"keys": {"algorithms": ["ES256", "RS256", "EdDSA"]}})
    table, privates = KeyTable(server.settings["dsn"]), {}
    for _ in range(3):
        privates.update({row.kid: row.sealed_private for row in table.rows() if row.sealed_private})
        if order == "revoked":
            active = next(key["kid"] for key in server.admin.get("/admin/keys").json["keys"] if key["state"] == "active")
            assert server.admin.request("DELETE", "/admin/keys/" + active).status == 200
        else:
            assert server.admin.post_json("/admin/keys/rotate", {"force": order == "rotated", "fresh": order == "fresh"}).status == 200
    kept = {row.kid: row.sealed_private for row in table.rows() if row.sealed_private}
    table.close()
    server.stop()
    assert len(privates) > len(kept) == 6
    assert_no_private_part_but(table.path, {**privates, **kept}, kept)


def test_two_servers_on_one_postgres_rotate_as_one(start, time_passes, kratos, two):
    servers = [start(SETTINGS, at=time_passes) for _ in range(2)]
    year = Year(servers, time_passes, kratos)
    year.run(days=100, step_s=DAY_S)
    assert year.lives.rows_max <= ROWS_MAX
    assert year.lives.count("active") == 2 * 4 and year.lives.count("removed") == 2 * 3
