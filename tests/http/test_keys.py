"""The life cycle of the signing keys: what operators may order, what goes wrong and what comes of it. (A year of it, under a clock: tests/keys.)"""
import concurrent.futures
import datetime
import re
import secrets

import pytest

from key_world import DAY_MS, HOUR_MS, await_true, ask, keys_of, kid_of, launch, look, own_dsn, published, token_of, two  # noqa: F401
from parts import Http, Hydrant, default_settings, header_of, merge, verify
from terminal import run


def try_start(settings):
    """a start that must fail: what it says"""
    server = Hydrant(settings, wait=False)
    server.child.wait(timeout=60)
    return server.stop(expect=1)


def near(text, seconds_from_now):
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return abs((at - datetime.datetime.now(datetime.timezone.utc)).total_seconds() - seconds_from_now) < 30


# ---- what is there by itself ----

def test_there_is_one_key_that_signs_and_one_ahead_with_the_times_of_the_settings(launch, session):
    server = launch({"keys": {"algorithms": ["ES256", "EdDSA"], "rotate_every": "10d", "publish_before": "2h"}})
    listing = server.admin.get("/admin/keys").json
    for algorithm in ("ES256", "EdDSA"):
        active, pending = [key for key in listing["keys"] if key["algorithm"] == algorithm]
        assert (active["state"], pending["state"]) == ("active", "pending") and (active["epoch"], pending["epoch"]) == (0, 1)
        assert active["retire_at"] == pending["activate_at"] and pending["remove_at"] is None
        assert active["sealed_under_secret"] == pending["sealed_under_secret"] == "first" and active["configured"]
    assert published(server) == {key["kid"] for key in listing["keys"]}
    assert kid_of(server, session) == keys_of(server)["active"]
    rules = listing["rules"]
    assert rules["rotate_every_s"] == 10 * 86400 and rules["rotate_every_least_s"] == 2 * rules["publish_before_s"] == 4 * 3600
    assert rules["publish_before_least_s"] == rules["jwks_max_age_s"] + rules["stale_if_error_s"] + 2 * rules["poll_s"] + rules["skew_s"]
    assert rules["keep_after_s"] == rules["keep_after_least_s"] == rules["token_ttl_max_s"] + rules["skew_s"] + rules["jwks_max_age_s"] + rules["stale_if_error_s"]


def test_no_private_key_is_shown_and_none_is_in_the_log(launch, ask):
    server = launch()
    hex_or_bytes = ask("SELECT sealed_private FROM signing_keys")[0][0]
    text = server.admin.get("/admin/keys").body.decode() + server.log
    assert "sealed_private" not in text and '"d"' not in text
    assert (hex_or_bytes.removeprefix("\\x") if isinstance(hex_or_bytes, str) else hex_or_bytes.hex()) not in text


def test_a_restart_changes_nothing(launch):
    server = launch()
    before = server.admin.get("/admin/keys").json["keys"]
    server.stop()
    again = launch()
    assert again.admin.get("/admin/keys").json["keys"] == before and not again.log_lines("key_made")


# ---- rotating ----

def test_rotate_is_refused_while_the_pending_key_is_young_and_says_until_when(launch):
    server = launch()
    before = keys_of(server)
    answer = server.admin.post_json("/admin/keys/rotate", {})
    assert answer.status == 409 and answer.json["error"] == "too_young"
    pending = next(key for key in server.admin.get("/admin/keys").json["keys"] if key["state"] == "pending")
    until = re.search(r"from (\S+Z) on", answer.json["error_description"]).group(1)
    assert until[:10] > pending["created_at"][:10] and until[10:] == pending["created_at"][10:]
    assert keys_of(server) == before


def test_rotate_once_it_is_old_enough_promotes_it(launch, ask, session):
    server = launch()
    before, old_token, etag = keys_of(server), token_of(server, session)["access_token"], server.public.get("/.well-known/jwks.json").header("ETag")
    ask("UPDATE signing_keys SET created_at = created_at - %d" % (25 * HOUR_MS))
    answer = server.admin.request("POST", "/admin/keys/rotate")
    assert answer.status == 200, answer
    after = keys_of(server)
    assert after["active"] == before["pending"] and after["retiring"] == before["active"] and after["pending"] not in before.values()
    assert kid_of(server, session) == before["pending"] and published(server) == set(after.values())
    assert verify(old_token, server.jwks())
    assert server.public.get("/.well-known/jwks.json", {"If-None-Match": etag}).status == 200
    assert [line["kid"] for line in server.log_lines("key_rotated")] == [before["pending"]]
    assert [line["kid"] for line in server.log_lines("key_retired")] == [before["active"]]
    assert server.log_lines("key_made")[-1]["kid"] == after["pending"]
    if ask("SELECT sealed_private IS NULL FROM signing_keys WHERE kid = '%s'" % before["active"])[0][0] not in (1, "t"):
        raise AssertionError("a retired key has a private part")


def test_every_worker_signs_with_the_new_key_as_soon_as_the_order_is_answered(launch, session):
    server = launch({"serve": {"workers": 4}})
    for _ in range(5):
        next_kid = keys_of(server)["pending"]
        assert server.admin.post_json("/admin/keys/rotate", {"force": True}).status == 200
        assert {kid_of(server, session) for _ in range(12)} == {next_kid}


def test_one_algorithm_may_be_rotated_alone(launch):
    server = launch({"keys": {"algorithms": ["ES256", "EdDSA"]}})
    before = keys_of(server), keys_of(server, "EdDSA")
    assert server.admin.post_json("/admin/keys/rotate", {"algorithm": "EdDSA", "force": True}).status == 200
    assert keys_of(server) == before[0] and keys_of(server, "EdDSA")["active"] == before[1]["pending"]


@pytest.mark.parametrize("body", ["[]", "{", '{"force":1}', '{"fresh":"yes"}', '{"algorithm":"HS256"}', '{"algorithm":7}', '{"forced":true}', '{"force":true,"force":true}', '{"algorithm":"RS256"}'])
def test_an_order_that_is_wrong_is_refused(launch, body):
    server = launch()
    before = keys_of(server)
    answer = server.admin.request("POST", "/admin/keys/rotate", body)
    assert answer.status == 400 and answer.json["error"] == "invalid_request"
    assert keys_of(server) == before


def test_fresh_replaces_both_at_once(launch, session):
    server = launch()
    before, token = keys_of(server), token_of(server, session)["access_token"]
    assert server.admin.post_json("/admin/keys/rotate", {"fresh": True}).status == 200
    assert not published(server) & set(before.values()) and set(keys_of(server)) == {"active", "pending"}
    assert kid_of(server, session) == keys_of(server)["active"]
    with pytest.raises(Exception):
        verify(token, server.jwks())


# ---- revoking ----

def test_the_active_key_revoked_is_gone_at_once_and_the_pending_one_signs(launch, session):
    server = launch({"serve": {"workers": 4}})
    before, tokens = keys_of(server), token_of(server, session)
    answer = server.admin.request("DELETE", "/admin/keys/" + before["active"])
    assert answer.status == 200 and answer.json["state"] == "active" and answer.json["kid"] == before["active"]
    # whoever can't read the keys signs for 5 minutes more; a token may live for 24 h
    assert near(answer.json["signed_from"], 0) and near(answer.json["signed_until"], 5 * 60) and near(answer.json["tokens_until"], 24 * 3600 + 5 * 60)
    assert near(answer.json["cached_until"], 30 * 60 + 30)
    for _ in range(12):
        assert before["active"] not in published(server) and kid_of(server, session) == before["pending"]
    with pytest.raises(Exception):
        verify(tokens["access_token"], server.jwks())
    assert server.refresh(tokens["refresh_token"]).status == 200
    line = server.log_lines("key_revoked")[0]
    assert line["kid"] == before["active"] and line["state"] == "active" and line["algorithm"] == "ES256"
    assert server.admin.request("DELETE", "/admin/keys/" + before["active"]).status == 409
    assert server.admin.request("DELETE", "/admin/keys/nobody").status == 404


def test_the_pending_key_revoked_kills_no_token(launch, session):
    server = launch()
    before, token = keys_of(server), token_of(server, session)["access_token"]
    answer = server.admin.request("DELETE", "/admin/keys/" + before["pending"])
    assert answer.json == {"kid": before["pending"], "state": "pending", "signed_from": None, "signed_until": None, "tokens_until": None, "cached_until": answer.json["cached_until"]}
    assert near(answer.json["cached_until"], 30 * 60 + 30)  # one reading of 30 s, max-age and stale-if-error
    assert keys_of(server)["active"] == before["active"] and keys_of(server)["pending"] != before["pending"]
    assert verify(token, server.jwks())


def test_a_retiring_key_revoked_may_have_signed_until_it_was_seen_that_its_time_is_over(launch, ask):
    server = launch()
    before = keys_of(server)
    ask("UPDATE signing_keys SET retire_at = retire_at - %d, activate_at = activate_at - %d WHERE kid = '%s'" % (40 * DAY_MS, 40 * DAY_MS, before["active"]))
    ask("UPDATE signing_keys SET activate_at = activate_at - %d WHERE kid = '%s'" % (40 * DAY_MS, before["pending"]))
    assert look(server).status == 200 and keys_of(server)["retiring"] == before["active"]
    answer = server.admin.request("DELETE", "/admin/keys/" + before["active"])
    # its retire_at was 10 days ago, and it signed until a moment ago
    assert answer.json["state"] == "retiring" and near(answer.json["signed_until"], 5 * 60) and near(answer.json["tokens_until"], 24 * 3600 + 5 * 60)


# ---- secrets ----

def secret():
    return secrets.token_urlsafe(32)


def test_a_change_of_secret_loses_no_key_and_no_refresh_token(launch, session):
    old, new = secret(), secret()
    server = launch({"secrets": {"system": [old]}})
    kids, tokens = published(server), token_of(server, session)
    server.stop()
    server = launch({"secrets": {"system": [new, old]}})
    assert published(server) == kids and not server.log_lines("key_made")
    assert {key["sealed_under_secret"] for key in server.admin.get("/admin/keys").json["keys"]} == {"another"}
    tokens = server.refresh(tokens["refresh_token"]).json
    assert server.admin.request("POST", "/admin/keys/reseal").json == {"resealed": 2}
    assert server.admin.request("POST", "/admin/keys/reseal").json == {"resealed": 0}
    server.stop()
    server = launch({"secrets": {"system": [new]}})
    assert published(server) == kids and verify(tokens["access_token"], server.jwks())
    assert server.refresh(tokens["refresh_token"]).status == 200


def test_a_start_with_the_wrong_secret_ends_with_words_that_name_the_key(launch, own_dsn):
    server = launch()
    kids = published(server)
    settings = dict(server.settings, secrets={"system": [secret()]})
    server.stop()
    log = try_start(settings)
    named = re.search(r"signing key (\S+) is sealed under a secret that secrets.system does not have", log).group(1)
    assert named in kids and "put that secret back" in log
    assert published(launch()) == kids


def test_a_replica_with_the_wrong_secret_does_not_start_and_harms_nobody(launch, two, session, kratos, own_dsn):
    server = launch()
    kids = published(server)
    log = try_start(merge(default_settings(kratos, own_dsn), {"keys": {"algorithms": ["ES256"]}, "secrets": {"system": [secret()]}}))
    assert "secrets.system" in log
    assert look(server).status == 200 and published(server) == kids and kid_of(server, session) in kids


def test_two_replicas_change_their_secret_one_after_the_other_under_way(launch, two, session):
    old, new = secret(), secret()

    def start_with(*system):
        return launch({"secrets": {"system": list(system)}})

    a, b = start_with(old), start_with(old)
    kids, refresh_token = published(a), token_of(a, session)["refresh_token"]
    for secrets_then in ([old, new], [new, old]):
        for index in range(2):
            (a, b)[index].stop()
            a, b = (start_with(*secrets_then), b) if index == 0 else (a, start_with(*secrets_then))
            for server in (a, b, a):
                answer = server.refresh(refresh_token)
                assert answer.status == 200, answer
                refresh_token = answer.json["refresh_token"]
                assert verify(answer.json["access_token"], (a if server is b else b).jwks())
    assert a.admin.request("POST", "/admin/keys/reseal").json == {"resealed": 2}
    assert published(a) == published(b) == kids
    assert look(b).status == 200
    b.stop()
    b = start_with(new)  # the keys don't need the old one any more; refresh tokens made under it do, as long as they live
    assert published(b) == kids and verify(answer.json["access_token"], b.jwks())


# ---- rows that are broken ----

def test_a_pending_key_without_its_private_part_never_signs_and_is_replaced(launch, ask, session):
    server = launch()
    before = keys_of(server)
    ask("UPDATE signing_keys SET sealed_private = NULL WHERE kid = '%s'" % before["pending"])
    assert look(server).status == 200
    line = server.log_lines("key_incomplete")[0]
    assert before["pending"] in line["text"] and "revoke" in line["text"]
    assert server.admin.post_json("/admin/keys/rotate", {"force": True}).status == 200
    assert kid_of(server, session) not in before.values() and before["pending"] in published(server)
    server.stop()
    assert set(keys_of(launch())) >= {"active", "pending"}


def test_an_active_key_without_its_private_part_hands_over_to_the_pending_one(launch, ask, session):
    server = launch()
    before, token = keys_of(server), token_of(server, session)["access_token"]
    ask("UPDATE signing_keys SET sealed_private = NULL WHERE kid = '%s'" % before["active"])
    assert look(server).status == 200
    assert kid_of(server, session) == before["pending"] and verify(token, server.jwks())


# ---- clocks ----

def shift(ask, ms):
    """the keys' times, as if the database's clock had moved the other way"""
    ask("UPDATE signing_keys SET created_at = created_at + %d, activate_at = activate_at + %d, wanted_at = wanted_at + %d,"
        " retire_at = CASE WHEN retire_at = 0 THEN 0 ELSE retire_at + %d END, remove_at = CASE WHEN remove_at = 0 THEN 0 ELSE remove_at + %d END" % (ms, ms, ms, ms, ms))


def test_the_clock_runs_ahead_and_comes_back(launch, ask, session):
    server = launch()
    before = keys_of(server)
    shift(ask, -40 * DAY_MS)
    assert look(server).status == 200
    assert kid_of(server, session) == before["pending"] and before["active"] in published(server)
    made = keys_of(server)["pending"]
    shift(ask, 40 * DAY_MS)
    assert look(server).status == 200
    # nobody signs with what isn't published long enough, and what was published is again
    assert kid_of(server, session) == before["pending"] and keys_of(server)["pending"] == made
    assert published(server) == {*before.values(), made}


def test_the_clock_goes_back_and_the_key_that_signed_goes_on(launch, ask, session):
    server = launch()
    before = keys_of(server)
    shift(ask, 7 * DAY_MS)
    assert look(server).status == 200
    assert kid_of(server, session) == before["active"] and keys_of(server) == before and len(server.log_lines("key_made")) == 2


# ---- settings that change or differ ----

EDWARDS = {"client_id": "edwards", "token_endpoint_auth_method": "none", "scope": "api", "access_token": {"algorithm": "EdDSA"}}


def test_an_algorithm_taken_out_of_the_settings_signs_no_more_and_stays_for_its_tokens(launch, ask, session):
    """it goes later: tests/keys/test_clocks.py"""
    server = launch({"keys": {"algorithms": ["ES256", "EdDSA"]}, "clients": [EDWARDS, {"client_id": "spa", "token_endpoint_auth_method": "none"}]})
    token = token_of(server, session, "edwards")["access_token"]
    old = keys_of(server, "EdDSA")
    assert header_of(token)["kid"] == old["active"]
    server.stop()
    server = launch()
    assert set(old.values()) <= published(server) and server.public.get("/health/ready").status == 200
    assert "EdDSA" in server.log_lines("algorithm_unused")[0]["text"] and "keys.algorithms" in server.log_lines("algorithm_unused")[0]["text"]
    assert [key["configured"] for key in server.admin.get("/admin/keys").json["keys"] if key["algorithm"] == "EdDSA"] == [False, False]
    assert look(server).status == 200 and keys_of(server, "EdDSA") == old  # another server may have it
    ask("UPDATE signing_keys SET wanted_at = wanted_at - %d, created_at = created_at - %d WHERE algorithm = 'EdDSA'" % (4 * HOUR_MS, 4 * HOUR_MS))
    assert look(server).status == 200 and keys_of(server, "EdDSA") == old  # so it looks, but this server has not watched for as long


def test_an_algorithm_put_in_gets_its_keys_at_the_start(launch, session):
    server = launch()
    kids = published(server)
    server.stop()
    server = launch({"keys": {"algorithms": ["ES256", "EdDSA"]}, "clients": [EDWARDS]})
    assert kids < published(server) and set(keys_of(server, "EdDSA")) == {"active", "pending"}
    assert header_of(token_of(server, session, "edwards")["access_token"])["alg"] == "EdDSA"


def test_two_replicas_with_different_settings_leave_each_other_s_keys(launch, two, session):
    a = launch()
    b = launch({"keys": {"algorithms": ["ES256", "EdDSA"], "rotate_every": "5d"}, "clients": [EDWARDS]})
    await_true(lambda: published(a) == published(b) and len(published(a)) == 4)
    for _ in range(3):
        for server in (a, b):
            assert look(server).status == 200
    assert set(keys_of(a, "EdDSA")) == {"active", "pending"} and published(a) == published(b)
    assert header_of(token_of(b, session, "edwards")["access_token"])["kid"] in published(a)
    assert kid_of(a, session) == keys_of(b)["active"]
    signs_until = next(key["retire_at"] for key in a.admin.get("/admin/keys").json["keys"] if key["algorithm"] == "ES256" and key["state"] == "active")
    assert signs_until == next(key["activate_at"] for key in b.admin.get("/admin/keys").json["keys"] if key["algorithm"] == "ES256" and key["state"] == "pending")


# ---- two replicas ----

def test_two_replicas_that_start_together_make_one_pair_of_keys(launch, two):
    a, b = launch(wait=False), launch(wait=False)
    a.await_ready()
    b.await_ready()
    assert keys_of(a) == keys_of(b) and len(published(a)) == 2
    await_true(lambda: published(a) == published(b))


def test_another_replica_hears_of_a_rotation_and_a_revocation_at_once(launch, two, session):
    a, b = launch(), launch()
    next_kid = keys_of(a)["pending"]
    assert a.admin.post_json("/admin/keys/rotate", {"force": True}).status == 200
    await_true(lambda: kid_of(b, session) == next_kid)
    assert a.admin.request("DELETE", "/admin/keys/" + next_kid).status == 200
    await_true(lambda: next_kid not in published(b))
    assert kid_of(b, session) == keys_of(a)["active"]


def test_orders_to_two_replicas_at_once_are_done_one_after_the_other(launch, two):
    a, b = launch(), launch()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda server: server.admin.post_json("/admin/keys/rotate", {"force": True}).status, [a, b] * 4))
    assert answers == [200] * 8
    listing = a.admin.get("/admin/keys").json["keys"]
    assert sorted(key["epoch"] for key in listing) == list(range(len(listing)))
    assert [key["state"] for key in listing].count("active") == 1 and [key["state"] for key in listing].count("pending") == 1


def test_the_database_stopped_the_key_set_and_its_signatures_go_on(launch, two, session, postgres):
    server = launch()
    jwks = server.jwks()
    postgres.stop()
    try:
        assert server.jwks() == jwks
        assert server.admin.get("/admin/keys").status == 503 and server.admin.post_json("/admin/keys/rotate", {"force": True}).status == 503
    finally:
        postgres.start()
    server.await_ready()
    await_true(lambda: look(server).status == 200)


# ---- the commands ----

@pytest.fixture
def hydrant_keys(launch):
    server = launch()

    def command(*arguments):
        return run("keys", *arguments, environment={"HYDRANT_ADMIN_ENDPOINT": "http://127.0.0.1:%d" % server.settings["serve"]["admin"]["port"]})
    command.server = server
    return command


def test_list_is_a_timeline_that_shows_who_signs_until_when_and_what_is_next(hydrant_keys):
    done = hydrant_keys("list")
    keys = {key["state"]: key for key in hydrant_keys.server.admin.get("/admin/keys").json["keys"]}
    assert done.code == 0, done
    lines = [line for line in done.out.splitlines() if line.startswith("ES256")]
    active, pending = keys["active"], keys["pending"]
    assert active["kid"] in lines[0] and "SIGNS NOW, for 29d 23h more" in lines[0] and active["retire_at"][:16].replace("T", " ") in lines[0]
    assert pending["kid"] in lines[1] and "next, in 29d 23h" in lines[1]
    assert "at least 36m: max-age 15m + stale-if-error 15m + 2 polls of 30s + skew 5m" in done.out and "signs for 30d (at least 2d" in done.out
    assert hydrant_keys("list", "--format", "json").out.startswith('{"now":')


def test_rotate_and_revoke_from_the_terminal(hydrant_keys):
    before = keys_of(hydrant_keys.server)
    refused = hydrant_keys("rotate")
    assert refused.code == 1 and "409" in refused.err and "younger than keys.publish_before" in refused.err
    forced = hydrant_keys("rotate", "--force", "--algorithm", "ES256")
    assert forced.code == 0 and "goes in 24h 3" in forced.out, forced
    revoked = hydrant_keys("revoke", "--", before["active"])
    assert revoked.code == 0 and "which was retiring" in revoked.out and "Servers signed with it from" in revoked.out, revoked
    assert "stale-if-error" in revoked.out and "up to 12 hours" in revoked.out
    never = hydrant_keys("revoke", "--", keys_of(hydrant_keys.server)["pending"])
    assert never.code == 0 and "No server signed with it" in never.out and "a thief signed with it was accepted until now" in never.out and "up to 12 hours" in never.out
    assert hydrant_keys("revoke", "--", before["active"]).code == 1
    assert hydrant_keys("rotate", "--fresh").code == 0 and before["pending"] not in published(hydrant_keys.server)
    assert hydrant_keys("reseal").out.startswith("0 keys sealed anew")


@pytest.mark.parametrize("arguments", [("revoke",), ("revoke", "a", "b"), ("list", "x"), ("rotate", "x"), ("reseal", "x"), ("list", "--format", "xml"), ("rotate", "--soon")])
def test_wrong_use_is_said(hydrant_keys, arguments):
    done = hydrant_keys(*arguments)
    assert done.code == 2 and "hydrant help keys" in done.err


def test_the_admin_token_is_asked_for(launch):
    server = launch({"serve": {"admin": {"token": "a-token-of-thirty-two-characters!"}}})
    for method, path in (("GET", "/admin/keys"), ("POST", "/admin/keys/rotate"), ("DELETE", "/admin/keys/x"), ("POST", "/admin/keys/reseal")):
        assert server.admin.request(method, path).status == 401
        assert Http(server.settings["serve"]["public"]["port"]).request(method, path).status == 404
