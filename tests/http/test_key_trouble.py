"""Keys that can't be opened, at a start and in a server that runs; orders whose answer is lost on the way; a leak of everything."""
import re
import secrets
import threading

import pytest

from cutter import Cutter
from key_world import DAY_MS, HOUR_MS, ask, await_true, keys_of, kid_of, launch, look, own_dsn, published, token_of, two  # noqa: F401
from parts import SYSTEM_SECRET, Hydrant, header_of, verify
from terminal import run

ROW = "kid, algorithm, epoch, created_at, activate_at, retire_at, remove_at, wanted_at, public_jwk"


def secret():
    return secrets.token_urlsafe(32)


def try_start(settings):
    """a start that must fail: what it says"""
    server = Hydrant(settings, wait=False)
    server.child.wait(timeout=60)
    return server.stop(expect=1)


def command(server, *arguments):
    return run("keys", *arguments, environment={"HYDRANT_ADMIN_ENDPOINT": "http://127.0.0.1:%d" % server.settings["serve"]["admin"]["port"]})


def told(server, kid):
    return [line for line in server.log_lines("key_unopenable") if kid in line["text"]]


def read(server):
    """the server reads its keys, and changes nothing"""
    assert server.admin.request("DELETE", "/admin/keys/nobody").status == 404


@pytest.fixture
def garbage(on_postgres):
    """SQL for a private part that nobody can open"""
    return "'\\x0102'" if on_postgres else "x'0102'"


@pytest.fixture
def add_unopenable(ask, garbage):
    """a function: a key that some other server made, with this server's algorithm and times, and that this server can't open; its kid"""
    def add(server, state="pending"):
        kid = keys_of(server)[state]
        row = ask("SELECT %s FROM signing_keys WHERE kid = '%s'" % (ROW, kid))[0]
        ask("DELETE FROM signing_keys WHERE kid = '%s'" % kid)
        look(server)
        assert kid not in published(server)
        values = ["'%s'" % value if isinstance(value, str) and not value.isdigit() else str(value) for value in row]
        values[2], values[4] = "77", str(int(values[4]) + 1)  # behind the one that the server made meanwhile
        ask("INSERT INTO signing_keys (%s, sealed_private) VALUES (%s, %s)" % (ROW, ", ".join(values), garbage))
        return kid
    return add


# ---- in a server that runs ----

def test_a_key_that_cannot_be_opened_is_published_and_never_signs_and_is_told_of_once(launch, add_unopenable, session):
    server = launch()
    before, kid = keys_of(server)["active"], add_unopenable(server)
    listing = command(server, "rotate", "--force", "--format", "json")
    assert listing.code == 0, listing
    await_true(lambda: kid in published(server))
    for _ in range(4):
        read(server)
        assert kid_of(server, session) not in (kid, before)
    lines = told(server, kid)
    assert len(lines) == 1 and "does not open" in lines[0]["text"] and "hydrant keys revoke %s" % kid in lines[0]["text"]
    assert kid in published(server)


def test_every_order_is_done_though_a_key_cannot_be_opened_and_its_answer_warns(launch, add_unopenable, session):
    server = launch()
    kid = add_unopenable(server)
    before, token = keys_of(server), token_of(server, session)["access_token"]
    answer = server.admin.request("DELETE", "/admin/keys/" + header_of(token)["kid"])
    assert answer.status == 200 and answer.json["state"] == "active", answer
    assert len(answer.json["warnings"]) == 1 and kid in answer.json["warnings"][0] and "does not open" in answer.json["warnings"][0]
    assert header_of(token)["kid"] not in published(server) and kid_of(server, session) != header_of(token)["kid"]
    with pytest.raises(Exception):
        verify(token, server.jwks())
    answer = server.admin.post_json("/admin/keys/rotate", {"force": True})
    assert answer.status == 200 and kid in answer.json["warnings"][0]
    assert kid in server.admin.get("/admin/keys").json["warnings"][0]
    fresh = command(server, "rotate", "--fresh")
    assert fresh.code == 0 and not published(server) & {*before.values(), kid}
    assert "warnings" not in server.admin.get("/admin/keys").json


def test_the_commands_say_the_warning(launch, add_unopenable):
    server = launch()
    kid = add_unopenable(server)
    assert look(server).status == 500  # what can't be opened can't be sealed anew: nothing is
    for words in (("rotate", "--force"), ("list",), ("revoke", "--", keys_of(server)["active"])):
        done = command(server, *words)
        assert done.code == 0 and "warning: signing key %s does not open" % kid in done.err, done
    assert command(server, "revoke", "--", kid).code == 0 and kid not in published(server)
    assert "warning" not in command(server, "list").err


def test_an_active_key_that_cannot_be_opened_signs_nothing_and_the_server_is_not_ready(launch, add_unopenable, ask, session):
    server = launch()
    before = keys_of(server)
    kid = add_unopenable(server)
    ask("UPDATE signing_keys SET activate_at = %s WHERE kid = '%s'" % (ask("SELECT activate_at + 1 FROM signing_keys WHERE kid = '%s'" % before["active"])[0][0], kid))
    ask("UPDATE signing_keys SET sealed_private = NULL, retire_at = activate_at + 1 WHERE kid = '%s'" % before["active"])
    read(server)
    await_true(lambda: keys_of(server)["active"] == kid and kid in published(server))
    answer = server.exchange(session)
    assert answer.status == 503 and answer.json["error"] == "temporarily_unavailable", answer
    ready = server.public.get("/health/ready")
    assert ready.status == 503 and "keys" in ready.json["errors"]
    assert command(server, "revoke", "--", kid).code == 0
    assert server.exchange(session).status == 200 and server.public.get("/health/ready").status == 200


def test_rotate_is_refused_where_the_pending_key_cannot_be_opened_unless_it_is_forced(launch, add_unopenable, ask, session):
    server = launch()
    active, kid = keys_of(server)["active"], add_unopenable(server)
    own = published(server) - {active, kid}
    assert server.admin.request("DELETE", "/admin/keys/%s" % own.pop()).status == 200 and keys_of(server) == {"active": active, "pending": kid}
    for created_at in ("created_at", "created_at - %d" % (2 * DAY_MS)):  # too young as well, which forcing is for; and old enough
        ask("UPDATE signing_keys SET created_at = %s WHERE kid = '%s'" % (created_at, kid))
        answer = server.admin.post_json("/admin/keys/rotate", {})
        assert answer.status == 409 and answer.json["error"] == "key_unopenable", answer
        words = answer.json["error_description"]
        assert kid in words and "hydrant keys revoke %s" % kid in words and "force" in words
    done = command(server, "rotate")
    assert done.code != 0 and kid in done.err
    assert kid_of(server, session) == active and server.public.get("/health/ready").status == 200
    forced = server.admin.post_json("/admin/keys/rotate", {"force": True})
    assert forced.status == 200 and kid in forced.json["warnings"][0] and keys_of(server)["active"] == kid
    assert server.exchange(session).status == 503
    # where it signs already, rotate is what mends it
    assert server.admin.post_json("/admin/keys/rotate", {"force": True}).status == 200 and server.exchange(session).status == 200


def test_what_was_removed_is_out_before_the_keys_that_are_missing_are_made(launch, ask, session):
    """another server did --fresh, and has no RS256 in its settings: making those takes long"""
    server = launch({"keys": {"algorithms": ["ES256", "RS256"], "rsa_bits": 3072}})
    active, pending = keys_of(server)["active"], keys_of(server)["pending"]
    ask("UPDATE signing_keys SET activate_at = created_at WHERE kid = '%s'" % pending)
    ask("UPDATE signing_keys SET sealed_private = NULL, remove_at = created_at WHERE kid = '%s' OR algorithm = 'RS256'" % active)
    reading = threading.Thread(target=read, args=(server,))
    reading.start()
    await_true(lambda: active not in published(server), 60)
    assert {key["alg"] for key in server.jwks()["keys"]} == {"ES256"} and kid_of(server, session) == pending
    reading.join()
    await_true(lambda: set(keys_of(server, "RS256")) == set(keys_of(server)) == {"active", "pending"}, 60)


def test_a_key_that_was_opened_goes_on_signing_when_its_row_is_spoilt_and_not_when_it_is_gone(launch, ask, garbage, session):
    server = launch()
    before = keys_of(server)
    ask("UPDATE signing_keys SET sealed_private = %s WHERE kid = '%s'" % (garbage, before["active"]))
    answer = server.admin.post_json("/admin/keys/rotate", {})
    assert answer.status == 409
    await_true(lambda: told(server, before["active"]))
    assert kid_of(server, session) == before["active"]
    ask("DELETE FROM signing_keys WHERE kid = '%s'" % before["active"])
    read(server)
    assert kid_of(server, session) == before["pending"] and before["active"] not in published(server)


def test_a_server_that_runs_reads_on_where_another_made_a_key_under_a_secret_that_it_lacks(launch, two, session):
    """too early, and told: the new secret has to be everywhere before it is first anywhere"""
    old, new = secret(), secret()
    a = launch({"secrets": {"system": [old]}})
    b = launch({"secrets": {"system": [new, old]}})
    before = keys_of(a)
    assert b.admin.post_json("/admin/keys/rotate", {"force": True}).status == 200
    made = keys_of(b)["pending"]
    await_true(lambda: made in published(a))
    assert "secrets.system" in told(a, made)[0]["text"]
    assert a.admin.post_json("/admin/keys/rotate", {}).json["error"] == "key_unopenable" and b.admin.post_json("/admin/keys/rotate", {}).json["error"] == "too_young"
    assert kid_of(a, session) == before["pending"] == kid_of(b, session)
    # a key that leaked is out at once, on both
    answer = a.admin.request("DELETE", "/admin/keys/" + before["active"])
    assert answer.status == 200 and made in answer.json["warnings"][0]
    await_true(lambda: before["active"] not in published(a) | published(b))
    # the one that it can't open signs where it can be
    assert b.admin.post_json("/admin/keys/rotate", {"force": True}).status == 200
    await_true(lambda: a.exchange(session).status == 503)
    assert a.public.get("/health/ready").status == 503 and kid_of(b, session) == made
    # sealed anew under what both have it signs here too
    b.stop()
    a.stop()
    a = launch({"secrets": {"system": [old, new]}})
    assert kid_of(a, session) == made and a.admin.request("POST", "/admin/keys/reseal").status == 200
    assert published(launch({"secrets": {"system": [old]}})) == published(a)


def test_a_key_that_another_sealed_anew_out_of_reach_goes_on_signing_and_is_told_of(launch, two, session):
    old, new = secret(), secret()
    a = launch({"secrets": {"system": [old]}})
    b = launch({"secrets": {"system": [new, old]}})
    before = keys_of(a)
    assert b.admin.request("POST", "/admin/keys/reseal").json == {"resealed": 2}
    await_true(lambda: told(a, before["active"]) and told(a, before["pending"]))
    assert kid_of(a, session) == before["active"] and a.public.get("/health/ready").status == 200


@pytest.mark.parametrize("broken, words, stays", [
    ("sealed_private = {seal}", "does not open", True), ("sealed_private = NULL, public_jwk = '{{}}'", "public_jwk", True),
    ("algorithm = 'XY999'", "XY999", False), ("kid = 'another'", "does not open", False),
])
def test_a_half_written_row_is_named_at_a_start_and_told_of_where_a_server_runs(launch, ask, session, garbage, broken, words, stays):
    server = launch()
    before = keys_of(server)
    ask("UPDATE signing_keys SET %s WHERE kid = '%s'" % (broken.format(seal=garbage), before["pending"]))
    kid = "another" if "another" in broken else before["pending"]
    read(server)
    warnings = server.admin.get("/admin/keys").json["warnings"]
    assert len(warnings) == 1 and kid in warnings[0] and words in warnings[0] and words in told(server, kid)[0]["text"]
    assert (before["pending"] in published(server)) == stays and "another" not in published(server)
    assert kid_of(server, session) == before["active"] and server.public.get("/health/ready").status == 200
    server.stop()
    log = try_start(server.settings)
    assert kid in log and words in log
    ask("DELETE FROM signing_keys WHERE kid = '%s'" % kid)
    assert "warnings" not in launch().admin.get("/admin/keys").json


def test_what_stands_in_a_row_does_not_move_the_terminal_s_cursor(launch, ask):
    server = launch()
    pending = keys_of(server)["pending"]
    ask("UPDATE signing_keys SET kid = kid || '\x1b[2J\u202e' WHERE kid = '%s'" % pending)
    read(server)
    for words in (("list",), ("rotate",), ("rotate", "--fresh")):
        done = command(server, *words)
        assert pending + "\\u001b[2J\\u202e" in done.out + done.err and not {"\x1b", "\u202e"} & set(done.out + done.err), done


def test_an_unopenable_key_can_be_revoked_where_a_server_runs(launch, ask, session, garbage):
    server = launch()
    before = keys_of(server)
    ask("UPDATE signing_keys SET sealed_private = %s WHERE kid = '%s'" % (garbage, before["pending"]))
    assert look(server).status == 500
    answer = server.admin.request("DELETE", "/admin/keys/" + before["pending"])
    assert answer.status == 200 and "warnings" not in answer.json
    assert look(server).status == 200 and before["pending"] not in published(server) and kid_of(server, session) == before["active"]


# ---- at a start ----

def test_a_start_that_fails_leaves_no_key_that_others_cannot_open(launch, ask):
    """one is due as it starts: it would be sealed under the secret that nobody else has"""
    server = launch()
    pending = keys_of(server)["pending"]
    server.stop()
    ask("DELETE FROM signing_keys WHERE kid = '%s'" % pending)
    settings = dict(server.settings, secrets={"system": [secret()]})
    assert "secrets.system" in try_start(settings)
    assert ask("SELECT count(*) FROM signing_keys")[0][0] in (1, "1")
    assert set(keys_of(launch())) == {"active", "pending"}


# ---- a leak of everything ----

def test_fresh_removes_every_key_that_was_made_before_and_says_which(launch, session):
    server = launch({"keys": {"algorithms": ["ES256", "EdDSA"]}})
    token = token_of(server, session)["access_token"]
    assert server.admin.post_json("/admin/keys/rotate", {"force": True}).status == 200  # now there is a retiring one
    server.stop()
    server = launch()  # and EdDSA is no longer in the settings
    before = published(server)
    assert len(before) == 6
    done = command(server, "rotate", "--fresh")
    assert done.code == 0 and all(kid in done.out for kid in before), done
    assert not published(server) & before and set(keys_of(server)) == {"active", "pending"} and keys_of(server, "EdDSA") == {}
    assert kid_of(server, session) == keys_of(server)["active"]
    with pytest.raises(Exception):
        verify(token, server.jwks())
    again = server.admin.post_json("/admin/keys/rotate", {"fresh": True})
    assert len(again.json["removed"]) == 2 and server.admin.post_json("/admin/keys/rotate", {"force": True}).json["removed"] == []
    assert {line["kid"] for line in server.log_lines("key_removed")} >= before


def test_fresh_for_one_algorithm_removes_all_of_that_one(launch):
    server = launch({"keys": {"algorithms": ["ES256", "EdDSA"]}})
    assert server.admin.post_json("/admin/keys/rotate", {"force": True}).status == 200
    elliptic, edwards = keys_of(server), keys_of(server, "EdDSA")
    answer = server.admin.post_json("/admin/keys/rotate", {"fresh": True, "algorithm": "EdDSA"})
    assert set(answer.json["removed"]) == set(edwards.values()) and len(edwards) == 3 and keys_of(server) == elliptic


# ---- the answer is lost on the way ----

@pytest.fixture
def behind_a_cutter(launch, own_dsn, two):
    """a server whose way to its database can be cut"""
    port = int(re.search(r"127\.0\.0\.1:(\d+)", own_dsn).group(1))
    cutter = Cutter(port)
    server = launch({"dsn": own_dsn.replace("127.0.0.1:%d" % port, "127.0.0.1:%d" % cutter.port), "serve": {"workers": 1}})
    server.cutter = cutter
    yield server
    cutter.close()


def cut(server, method, path, body=None):
    server.cutter.cut_at("change_keys")
    answer = server.admin.request(method, path, body)
    assert server.cutter.cuts == 1
    return answer


@pytest.mark.parametrize("state", ["active", "pending", "retiring"])
def test_a_key_is_revoked_though_the_connection_is_lost_at_the_commit(behind_a_cutter, state):
    server = behind_a_cutter
    assert server.admin.post_json("/admin/keys/rotate", {"force": True}).status == 200
    before = keys_of(server)
    answer = cut(server, "DELETE", "/admin/keys/" + before[state])
    assert answer.status == 200 and answer.json["state"] == state
    assert before[state] not in published(server) and len(server.log_lines("key_revoked")) == 1


@pytest.mark.parametrize("body", ['{"force":true}', '{"fresh":true}', '{}'])
def test_keys_are_rotated_once_though_the_connection_is_lost_at_the_commit(behind_a_cutter, ask, body):
    server = behind_a_cutter
    ask("UPDATE signing_keys SET created_at = created_at - %d" % (25 * HOUR_MS))
    before = keys_of(server)
    answer = cut(server, "POST", "/admin/keys/rotate", body)
    assert answer.status == 200, answer
    after = keys_of(server)
    assert len(ask("SELECT kid FROM signing_keys")) == (4 if "fresh" in body else 3)
    assert "fresh" in body or after["active"] == before["pending"]
    assert set(answer.json["removed"]) == (set(before.values()) if "fresh" in body else set())
    assert [line["kid"] for line in server.log_lines("key_made")].count(after["pending"]) == 1


def test_keys_are_sealed_anew_once_though_the_connection_is_lost_at_the_commit(launch, behind_a_cutter):
    server = behind_a_cutter
    settings = dict(server.settings, secrets={"system": [secret(), SYSTEM_SECRET]})
    cutter = server.cutter
    server.stop()
    server = launch(settings)
    server.cutter = cutter
    assert cut(server, "POST", "/admin/keys/reseal").json == {"resealed": 2}
