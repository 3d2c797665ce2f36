"""Introspection (docs/introspection.md): of which token what is said, RFC 7662 and as Hydra's admin API has it. Who may ask, and in which form: test_introspect_asking.py."""
import json
import time

import pytest

from introspect_parts import API, INACTIVE, JWT, OWNER, SHOP, admin, confidential, forged, hydrant, is_active, launch, owned, owner_refreshes, owner_revokes, says  # noqa: F401
from parts import EXCHANGE, basic, claims_of, header_of


# ---- access tokens ----

def test_rfc_7662_2_2_a_resource_server_is_told_of_a_token_that_is_for_it(hydrant, session):
    token = hydrant.exchange(session, client="mobile").json["access_token"]
    claims = claims_of(token)
    said = says(hydrant.introspect(token, API))
    ext = {name: claims.pop(name) for name in ("email", "plan") if name in claims}
    assert said == {"active": True, "token_type": "Bearer", "token_use": "access_token", "ext": ext, **claims}
    assert said["aud"] == [API[0]] and said["client_id"] == "mobile" and said["sub"] == session["identity_id"] and said["scope"] == "api read write"


def test_a_client_is_told_of_its_own_token(hydrant, session):
    assert is_active(hydrant, owned(hydrant, session)["access_token"], OWNER)


def test_rfc_7662_4_a_token_for_others_is_inactive(hydrant, session):
    token = hydrant.exchange(session, client="mobile").json["access_token"]
    assert not is_active(hydrant, token, SHOP) and not is_active(hydrant, token, OWNER)
    assert is_active(hydrant, token, API)


def test_a_claim_that_is_called_active_changes_nothing(launch, session):
    hydrant = launch({"access_token": {"claims": {"active": "false", "token_use": '"refresh_token"', "username": ".identity.traits.email"}}})
    token = hydrant.exchange(session).json["access_token"]
    answer = hydrant.introspect(token, API)
    assert says(answer)["active"] is True and answer.body.count(b'"active"') == 2  # once as a mapped claim
    assert answer.json["token_use"] == "access_token" and answer.json["ext"]["active"] is False and "username" not in answer.json
    owner_revoked = hydrant.exchange(session)
    hydrant.revoke(owner_revoked.json["refresh_token"])
    assert hydrant.introspect(owner_revoked.json["access_token"], API).body == INACTIVE


@pytest.mark.parametrize("by", ["refresh_token", "access_token"])
def test_an_access_token_is_inactive_as_soon_as_its_grant_is_revoked(hydrant, session, by):
    said = hydrant.exchange(session).json
    assert is_active(hydrant, said["access_token"])
    hydrant.revoke(said[by])
    assert not is_active(hydrant, said["access_token"])


def test_one_that_a_refresh_brought_belongs_to_the_same_grant(launch, session):
    hydrant = launch({"refresh_token": {"coalesce": "0s"}})
    said = hydrant.exchange(session).json
    later = hydrant.refresh(said["refresh_token"]).json
    assert is_active(hydrant, said["access_token"]) and is_active(hydrant, later["access_token"])
    hydrant.revoke(later["refresh_token"])
    assert not is_active(hydrant, said["access_token"]) and not is_active(hydrant, later["access_token"])


def test_one_without_a_grant_is_active_by_itself_until_its_time_is_over(launch, session):
    hydrant = launch({"access_token": {"ttl": "2s"}})
    token = hydrant.exchange(session, client="exchange-only").json["access_token"]
    assert "." not in claims_of(token)["jti"] and is_active(hydrant, token)
    time.sleep(max(0, claims_of(token)["exp"] - time.time()) + 0.05)
    assert not is_active(hydrant, token)


def test_one_of_a_grant_that_nobody_used_any_more_is_inactive(launch, session):
    hydrant = launch({"refresh_token": {"idle_ttl": "1s"}})
    token = hydrant.exchange(session).json["access_token"]
    assert is_active(hydrant, token)
    time.sleep(1.1)
    assert claims_of(token)["exp"] > time.time() + 60 and not is_active(hydrant, token)


def test_the_grant_ends_with_the_session_and_the_token_with_the_grant(launch, kratos, session):
    hydrant = launch({"kratos": {"session": {"revalidate_after": "0s"}}})
    said = hydrant.exchange(session).json
    kratos.do(session, "revoke")
    assert is_active(hydrant, said["access_token"])  # nobody has looked yet
    assert hydrant.refresh(said["refresh_token"]).status == 400
    assert not is_active(hydrant, said["access_token"])


def test_a_token_by_a_key_that_retires_is_active_and_by_a_revoked_one_it_is_not(launch, own_dsn, session):
    hydrant = launch({"dsn": own_dsn()})
    token = hydrant.exchange(session).json["access_token"]
    assert hydrant.admin.post_json("/admin/keys/rotate", {"force": True}).status == 200
    assert header_of(hydrant.exchange(session).json["access_token"])["kid"] != header_of(token)["kid"]
    assert is_active(hydrant, token)
    assert hydrant.admin.request("DELETE", "/admin/keys/" + header_of(token)["kid"]).status == 200
    assert not is_active(hydrant, token)


def test_a_token_of_another_issuer_is_inactive(launch, session, on_postgres):
    """a server that shares the keys, under another name"""
    if not on_postgres:
        pytest.skip("two servers need Postgres")
    one, other = launch(), launch({"urls": {"self": {"issuer": "http://localhost:4488"}}})
    token = other.exchange(session).json["access_token"]
    assert is_active(other, token) and not is_active(one, token)


@pytest.mark.parametrize("what", [
    lambda said: "unknown", lambda said: "hrt_", lambda said: forged(said["refresh_token"]), lambda said: said["refresh_token"][:-1], lambda said: said["refresh_token"] + "A",
    lambda said: forged(said["access_token"]), lambda said: ".".join(said["access_token"].split(".")[:2]) + ".", lambda said: "eyJhbGciOiJub25lIn0." + said["access_token"].split(".")[1] + ".",
    lambda said: " ", lambda said: "a.b.c", lambda said: "x" * 8000, lambda said: "\x00\x01".encode("utf-8").hex(),
], ids=["unknown", "the prefix", "forged", "short", "long", "a signature of nobody", "no signature", "alg none", "a space", "no JWT", "very long", "hexadecimal"])
@pytest.mark.parametrize("client", [API, OWNER, None], ids=["resource server", "owner", "admin"])
def test_rfc_7662_2_2_what_is_no_token_is_inactive_and_no_more_is_said(hydrant, session, what, client):
    said = owned(hydrant, session)
    answer = admin(hydrant, what(said)) if client is None else hydrant.introspect(what(said), client)
    assert answer.status == 200 and answer.body == INACTIVE, answer
    assert owner_refreshes(hydrant, said["refresh_token"]).status == 200


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "saml2", "x" * 300])
def test_rfc_7662_2_1_the_hint_is_only_a_hint(hydrant, session, hint):
    said = owned(hydrant, session)
    for kind in ("access_token", "refresh_token"):
        assert says(hydrant.introspect(said[kind], OWNER, token_type_hint=hint))["token_use"] == kind


# ---- refresh tokens ----

def test_a_client_is_told_of_its_own_refresh_token(hydrant, kratos):
    session = kratos.session(lifespan_s=3600)
    said = owned(hydrant, session)
    told = says(hydrant.introspect(said["refresh_token"], OWNER))
    claims = claims_of(said["access_token"])
    assert abs(told["exp"] - (time.time() + said["refresh_token_timeout"])) <= 2 and abs(told["iat"] - time.time()) <= 2
    assert told["ext"]["email"] == claims["email"]
    for name in ("iss", "sub", "aud", "client_id", "sid", "scope", "auth_time", "acr", "amr"):
        assert told[name] == claims[name], name
    assert told["token_use"] == "refresh_token" and "token_type" not in told and told["active"] is True
    assert said["refresh_token"] not in json.dumps(told) and "jti" not in told


def test_a_refresh_token_of_another_client_is_inactive_for_a_resource_server_too(hydrant, session):
    token = owned(hydrant, session)["refresh_token"]
    public = hydrant.exchange(session).json["refresh_token"]
    assert [is_active(hydrant, t, c) for t in (token, public) for c in (API, SHOP, "backend")] == [False] * 6
    assert not is_active(hydrant, public, OWNER)


def test_the_newest_and_the_one_before_get_the_same_answer(launch, session):
    hydrant = launch({"refresh_token": {"coalesce": "0s"}})
    first = owned(hydrant, session)["refresh_token"]
    second = owner_refreshes(hydrant, first).json["refresh_token"]
    assert first != second
    assert hydrant.introspect(first, OWNER).body == hydrant.introspect(second, OWNER).body != INACTIVE


def test_one_that_would_be_refused_as_used_again_is_inactive_and_asking_ends_nothing(launch, session):
    hydrant = launch({"refresh_token": {"coalesce": "0s", "grace": "60s"}})
    family = [owned(hydrant, session)["refresh_token"]]
    for _ in range(3):
        family.append(owner_refreshes(hydrant, family[-1]).json["refresh_token"])
    assert [is_active(hydrant, token, OWNER) for token in family] == [False, True, True, True]  # low_gen is the second: r2 goes that far
    assert owner_refreshes(hydrant, family[3]).status == 200
    assert not hydrant.log_lines("reuse")


def test_after_the_grace_only_the_newest_and_the_proven_one_are_active(launch, session):
    hydrant = launch({"refresh_token": {"coalesce": "0s", "grace": "1s"}})
    family = [owned(hydrant, session)["refresh_token"]]
    for _ in range(3):
        family.append(owner_refreshes(hydrant, family[-1]).json["refresh_token"])
    time.sleep(1.1)
    told = [is_active(hydrant, token, OWNER) for token in family]
    assert told == [False, False, True, True]
    assert owner_refreshes(hydrant, family[2]).status == 200  # r3, as introspection said
    time.sleep(1.1)
    assert is_active(hydrant, family[2], OWNER) and not is_active(hydrant, family[3], OWNER)  # the generation between is void


def test_asking_renews_nothing(launch, session):
    hydrant = launch({"refresh_token": {"idle_ttl": "2s", "absolute_ttl": "1h"}})
    token = owned(hydrant, session)["refresh_token"]
    until = time.monotonic() + 2.2
    while time.monotonic() < until:
        is_active(hydrant, token, OWNER)
        time.sleep(0.2)
    assert not is_active(hydrant, token, OWNER)
    assert owner_refreshes(hydrant, token).json["error"] == "invalid_grant"


def test_revoked_it_is_inactive(hydrant, session):
    token = owned(hydrant, session)["refresh_token"]
    owner_revokes(hydrant, token)
    assert not is_active(hydrant, token, OWNER) and admin(hydrant, token).body == INACTIVE


def test_past_its_session_s_known_end_it_is_inactive_and_with_offline_access_it_is_not(hydrant, kratos):
    session = kratos.session(lifespan_s=3)
    bound, offline = owned(hydrant, session)["refresh_token"], owned(hydrant, session, scope="api offline_access")["refresh_token"]
    assert is_active(hydrant, bound, OWNER) and is_active(hydrant, offline, OWNER)
    time.sleep(3.1)
    assert not is_active(hydrant, bound, OWNER) and is_active(hydrant, offline, OWNER)


def made_client(hydrant, client_id, **record):
    answer = hydrant.admin.post_json("/admin/clients", {"client_id": client_id, "scope": "api", **record})
    assert answer.status == 201, answer
    return (client_id, answer.json.get("client_secret"))


def test_a_deleted_client_s_tokens_are_inactive_and_one_made_anew_inherits_none(hydrant, session):
    pair = made_client(hydrant, "made-%d" % time.monotonic_ns())
    said = hydrant.exchange(session, client=None, headers={"Authorization": basic(*pair)}).json
    assert is_active(hydrant, said["refresh_token"], pair) and admin(hydrant, said["refresh_token"]).json["active"]
    assert hydrant.admin.request("DELETE", "/admin/clients/" + pair[0]).status == 204
    assert not is_active(hydrant, said["access_token"]) and admin(hydrant, said["refresh_token"]).body == INACTIVE
    again = made_client(hydrant, pair[0])
    assert not is_active(hydrant, said["refresh_token"], again) and not is_active(hydrant, said["access_token"], again)


def test_of_a_client_that_may_not_refresh_any_more_it_is_inactive(launch, fresh_dsn, session):
    dsn = fresh_dsn()
    before = launch({"dsn": dsn})
    token = owned(before, session)["refresh_token"]
    before.stop()
    after = launch({"dsn": dsn, "clients": [confidential(OWNER, scope="api read", grant_types=[EXCHANGE])]})
    assert not is_active(after, token, OWNER) and admin(after, token).body == INACTIVE
    assert owner_refreshes(after, token).status == 400


# ---- more than one server ----

@pytest.fixture
def two(launch, on_postgres):
    if not on_postgres:
        pytest.skip("two servers need Postgres")
    return launch(), launch()


def test_revoked_on_one_server_it_is_inactive_on_the_other_at_once(two, session):
    one, other = two
    for _ in range(20):
        said = owned(one, session)
        assert is_active(other, said["access_token"]) and is_active(other, said["refresh_token"], OWNER) and admin(other, said["refresh_token"]).json["active"]
        owner_revokes(one, said["refresh_token"])
        assert not is_active(other, said["access_token"]) and not is_active(other, said["refresh_token"], OWNER) and admin(other, said["access_token"]).body == INACTIVE


def test_a_rotation_on_one_server_shows_on_the_other(two, session):
    one, other = two
    first = owned(one, session)["refresh_token"]
    second = owner_refreshes(one, first).json["refresh_token"]
    assert other.introspect(first, OWNER).body == other.introspect(second, OWNER).body != INACTIVE


def test_trouble_is_503_and_never_inactive(launch, postgres, session):
    hydrant = launch({"serve": {"workers": 1}})
    said, free = owned(hydrant, session), hydrant.exchange(session, client="exchange-only").json["access_token"]
    postgres.stop()
    try:
        for answer in (hydrant.introspect(said["access_token"], API), hydrant.introspect(said["refresh_token"], OWNER), hydrant.introspect(said["access_token"], API, JWT)):
            assert answer.status == 503 and answer.json["error"] == "temporarily_unavailable" and answer.header("Retry-After"), answer
        assert admin(hydrant, said["access_token"]).status == 503 and admin(hydrant, said["refresh_token"]).status == 503
        assert is_active(hydrant, free)  # nothing has to be asked for it
    finally:
        postgres.start()
