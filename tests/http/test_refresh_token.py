"""The refresh_token grant: RFC 6749 section 6 and docs/refresh.md."""
import time

import pytest

from parts import claims_of, verify

QUICK = {"refresh_token": {"grace": "1s", "coalesce": "0s"}}


@pytest.fixture(scope="module")
def quick(kratos, fresh_dsn, migrated):
    """grace of a second, and nothing coalesced: the rules can be watched"""
    from parts import Hydrant, default_settings, merge
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), QUICK))
    yield server
    server.stop()


def refreshed(hydrant, token, **parameters):
    answer = hydrant.refresh(token, **parameters)
    assert answer.status == 200, answer
    return answer.json


def test_a_refresh_answers_a_new_access_token_and_the_next_refresh_token(hydrant, session):
    first = hydrant.exchange(session).json
    second = refreshed(hydrant, first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert second["token_type"] == "Bearer" and second["expires_in"] == 900 and second["scope"] == first["scope"]
    assert "issued_token_type" not in second
    before, after = claims_of(first["access_token"]), verify(second["access_token"], hydrant.jwks())
    for name in ("iss", "sub", "aud", "client_id", "sid", "scope", "auth_time", "acr", "amr", "email"):
        assert before[name] == after[name], name
    assert before["jti"] != after["jti"] and before["jti"][:36] == after["jti"][:36]


def test_r1_same_again_within_coalesce_the_newest_token_answers_itself(hydrant, session):
    second = refreshed(hydrant, hydrant.exchange(session).json["refresh_token"])["refresh_token"]
    assert refreshed(hydrant, second)["refresh_token"] == second


def test_r2_a_retry_within_the_grace_gets_the_very_same_successor(hydrant, session):
    first = hydrant.exchange(session).json["refresh_token"]
    successors = {refreshed(hydrant, first)["refresh_token"] for _ in range(5)}
    assert len(successors) == 1


def test_r1_with_coalesce_off_each_use_of_the_newest_token_rotates(quick, session):
    token, seen = quick.exchange(session).json["refresh_token"], set()
    for _ in range(5):
        token = refreshed(quick, token)["refresh_token"]
        seen.add(token)
    assert len(seen) == 5


def test_r4_a_token_used_again_after_the_grace_revokes_its_family(quick, session):
    zero = quick.exchange(session).json["refresh_token"]
    one = refreshed(quick, zero)["refresh_token"]
    two = refreshed(quick, one)["refresh_token"]
    time.sleep(1.2)
    reused = quick.refresh(zero)
    assert reused.status == 400 and reused.json["error"] == "invalid_grant"
    assert quick.refresh(two).json["error"] == "invalid_grant"
    assert quick.log_lines("reuse")[-1]["client"] == "spa"


def test_r3_a_retry_after_the_grace_by_who_never_got_the_answer_goes_on(quick, session):
    zero = quick.exchange(session).json["refresh_token"]
    one = refreshed(quick, zero)["refresh_token"]  # this answer is lost
    time.sleep(1.2)
    two = refreshed(quick, zero)["refresh_token"]
    assert two != one
    assert refreshed(quick, two)["refresh_token"] not in (one, two)


def test_r3_what_was_skipped_is_void_and_its_use_after_the_grace_is_reuse(quick, session):
    zero = quick.exchange(session).json["refresh_token"]
    one = refreshed(quick, zero)["refresh_token"]
    time.sleep(1.2)
    two = refreshed(quick, zero)["refresh_token"]
    time.sleep(1.2)
    assert quick.refresh(one).json["error"] == "invalid_grant"
    assert quick.refresh(two).json["error"] == "invalid_grant"


def test_rotation_never_keeps_the_token_of_a_confidential_client(start, session):
    hydrant = start({"refresh_token": {"rotation": "never"}})
    token = hydrant.exchange(session, client="backend").json["refresh_token"]
    assert refreshed(hydrant, token, client="backend")["refresh_token"] == token
    assert refreshed(hydrant, token, client="backend")["refresh_token"] == token


def test_rfc_9700_2_2_2_a_public_client_s_token_rotates_whatever_the_settings_say(start, session):
    hydrant = start({"refresh_token": {"rotation": "never"}})
    token = hydrant.exchange(session).json["refresh_token"]
    assert refreshed(hydrant, token)["refresh_token"] != token


def test_a_client_that_is_made_anew_does_not_inherit_the_grants_of_the_one_before(hydrant, session):
    record = {"client_id": "phoenix-%d" % time.time_ns(), "token_endpoint_auth_method": "none", "scope": "api"}
    assert hydrant.admin.post_json("/admin/clients", record).status == 201
    token = hydrant.exchange(session, client=record["client_id"]).json["refresh_token"]
    assert hydrant.refresh(token, client=record["client_id"]).status == 200
    assert hydrant.admin.request("DELETE", "/admin/clients/" + record["client_id"]).status == 204
    assert hydrant.admin.post_json("/admin/clients", record).status == 201
    assert hydrant.refresh(token, client=record["client_id"]).json["error"] == "invalid_grant"
    assert hydrant.exchange(session, client=record["client_id"]).status == 200


def test_a_client_that_may_no_longer_have_offline_access_loses_the_grant_with_the_session(start, kratos, fresh_dsn):
    shared = {"dsn": fresh_dsn(), "kratos": {"session": {"revalidate_after": "0s"}}}
    session = kratos.session()
    before = start(shared)
    token = before.exchange(session, client="backend", scope="api offline_access").json["refresh_token"]
    before.stop()
    clients = [dict(c, scope="api read") for c in before.settings["clients"] if c["client_id"] == "backend"]
    after = start({**shared, "clients": clients})
    assert refreshed(after, token, client="backend")["authorization_expires_in"] <= 3600
    kratos.do(session, "revoke")
    assert after.refresh(token, client="backend").json["error"] == "invalid_grant"


@pytest.mark.parametrize("change", ["last", "prefix", "short", "long", "padding", "empty_words", "garbage"])
def test_garbage_and_forged_tokens_are_invalid_grant(hydrant, session, change):
    good = hydrant.exchange(session).json["refresh_token"]
    forged = {"last": good[:-1] + ("A" if good[-1] != "A" else "E"), "prefix": "hrx_" + good[4:], "short": good[:-1], "long": good + "A",
              "padding": good + "=", "empty_words": " ", "garbage": "garbage"}[change]
    answer = hydrant.refresh(forged)
    assert answer.status == 400 and answer.json["error"] == "invalid_grant", answer
    assert hydrant.refresh(good).status == 200  # r0: no side effect


def test_a_token_of_another_client_is_invalid_grant_and_its_family_lives(hydrant, session):
    good = hydrant.exchange(session, client="mobile").json["refresh_token"]
    assert hydrant.refresh(good, client="spa").json["error"] == "invalid_grant"
    assert hydrant.refresh(good, client="mobile").status == 200


def test_rfc_6749_3_2_a_parameter_twice_is_invalid_request_and_consumes_nothing(hydrant, session):
    token = hydrant.exchange(session).json["refresh_token"]
    answer = hydrant.token([("grant_type", "refresh_token"), ("refresh_token", token), ("refresh_token", token)])
    assert answer.status == 400 and answer.json["error"] == "invalid_request"
    assert refreshed(hydrant, token)["refresh_token"] != token


def test_without_a_refresh_token_it_is_invalid_request(hydrant):
    assert hydrant.token({"grant_type": "refresh_token"}).json["error"] == "invalid_request"


def test_rfc_6749_6_scope_narrows_for_this_access_token_only(hydrant, session):
    first = hydrant.exchange(session).json["refresh_token"]
    narrow = refreshed(hydrant, first, scope="read")
    assert narrow["scope"] == "read" == claims_of(narrow["access_token"])["scope"]
    assert refreshed(hydrant, narrow["refresh_token"])["scope"] == "api read"


def test_scope_never_grows_beyond_the_grant_and_asking_consumes_nothing(quick, session):
    first = quick.exchange(session, client="mobile", scope="read").json["refresh_token"]
    answer = quick.refresh(first, client="mobile", scope="read write")
    assert answer.status == 400 and answer.json["error"] == "invalid_scope"
    time.sleep(1.2)  # had it been consumed, this would be a late retry and the successor's successor
    one = refreshed(quick, first, client="mobile")["refresh_token"]
    assert one != first


def test_rfc_8707_2_2_resource_narrows_to_what_the_grant_has(start, session):
    hydrant = start({"access_token": {"audience": ["https://a.example.com", "https://b.example.com"]}, "clients": [
        {"client_id": "spa", "token_endpoint_auth_method": "none", "scope": "api", "audience": ["https://a.example.com", "https://b.example.com", "https://c.example.com"]}]})
    first = hydrant.exchange(session).json
    assert sorted(claims_of(first["access_token"])["aud"]) == ["https://a.example.com", "https://b.example.com"]
    narrow = refreshed(hydrant, first["refresh_token"], resource="https://b.example.com")
    assert claims_of(narrow["access_token"])["aud"] == ["https://b.example.com"]
    beyond = hydrant.refresh(narrow["refresh_token"], resource="https://c.example.com")
    assert beyond.json["error"] == "invalid_target"


STRICTER = {  # the settings of before, and those that refuse what the grant has
    "a resource asks for more": ({"access_token": {"resources": {"https://pay.example.com": {"ttl": "5m"}}}}, {"access_token": {"resources": {"https://pay.example.com": {"ttl": "5m", "min_acr": "aal2"}}}}),
    "the client lost its target": ({"clients": [{"client_id": "spa", "token_endpoint_auth_method": "none", "scope": "api", "audience": ["https://pay.example.com"]}]},
                                   {"clients": [{"client_id": "spa", "token_endpoint_auth_method": "none", "scope": "api", "audience": ["https://other.example.com"]}]}),
}


@pytest.mark.parametrize("what", STRICTER)
def test_a_refusal_for_what_the_grant_has_consumes_nothing_though_the_request_names_nothing(start, fresh_dsn, session, what):
    before, stricter = ({"dsn": dsn, "kratos": {"session": {"revalidate_after": "1h"}}, **changes} for dsn in [fresh_dsn()] for changes in STRICTER[what])
    hydrant = start(before)
    token = hydrant.exchange(session, resource="https://pay.example.com").json["refresh_token"]
    hydrant.stop()
    hydrant = start(stricter)
    assert hydrant.refresh(token).json["error"] == {"a resource asks for more": "insufficient_user_authentication"}.get(what, "invalid_target")
    hydrant.stop()
    hydrant = start(before)
    answer = hydrant.refresh(token)
    assert answer.status == 200 and hydrant.line_of(answer)["outcome"] == "rotated"  # and not "retried"


# ---- the session's life ----

EAGER = {"kratos": {"session": {"revalidate_after": "0s"}}}


@pytest.fixture(scope="module")
def eager(kratos, fresh_dsn, migrated):
    """looks at the session on every refresh"""
    from parts import Hydrant, default_settings, merge
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), EAGER))
    yield server
    server.stop()


@pytest.mark.parametrize("what", ["revoke", "expire", "disable", "forget"])
def test_the_grant_ends_with_the_kratos_session(eager, kratos, what):
    session = kratos.session()
    token = eager.exchange(session).json["refresh_token"]
    kratos.do(session, what)
    assert eager.refresh(token).json["error"] == "invalid_grant"
    if what == "disable":
        kratos.do(session, "enable")
        assert eager.refresh(token).json["error"] == "invalid_grant"  # it was revoked, not only refused


def test_within_revalidate_after_kratos_is_not_asked(hydrant, kratos, session):
    token = hydrant.exchange(session).json["refresh_token"]
    before = kratos.counts()
    refreshed(hydrant, token)
    after = kratos.counts()
    assert after["session"] == before["session"] and after["whoami"] == before["whoami"]


def test_a_look_maps_the_claims_anew(eager, kratos):
    session = kratos.session(email="before@example.org")
    first = eager.exchange(session).json
    assert claims_of(first["access_token"])["email"] == "before@example.org"
    second = refreshed(eager, first["refresh_token"])
    assert claims_of(second["access_token"])["email"] == "before@example.org"


def test_auth_time_acr_and_amr_stay_what_they_were(eager, kratos):
    session = kratos.session()
    first = eager.exchange(session).json
    kratos.do(session, "aal2")
    second = claims_of(refreshed(eager, first["refresh_token"])["access_token"])
    before = claims_of(first["access_token"])
    assert [second[n] for n in ("auth_time", "acr", "amr")] == [before[n] for n in ("auth_time", "acr", "amr")]


def test_an_assurance_lower_than_the_grant_s_is_refused(eager, kratos):
    session = kratos.session()
    kratos.do(session, "aal2")
    token = eager.exchange(session).json["refresh_token"]
    kratos.do(session, "aal1")
    assert eager.refresh(token).json["error"] == "invalid_grant"


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}, {"delay_ms": 3000}])
def test_kratos_away_refreshes_go_on_by_the_last_good_look(eager, kratos, session, fault):
    token = eager.exchange(session).json["refresh_token"]
    time.sleep(0.01)
    kratos.fault(path="session", count=-1, **fault)
    assert refreshed(eager, token)["refresh_token"] != token


def test_kratos_away_and_the_last_good_look_too_old_is_503_and_consumes_nothing(start, kratos, session):
    hydrant = start({"access_token": {"ttl": "1s"}, "kratos": {"session": {"revalidate_after": "0s", "stale_if_error": "1s"}}})
    token = hydrant.exchange(session).json["refresh_token"]
    kratos.fault(path="session", status=500, count=-1)
    time.sleep(2.2)
    answer = hydrant.refresh(token)
    assert answer.status == 503 and answer.json["error"] == "temporarily_unavailable" and answer.header("Retry-After")
    kratos.no_faults()
    assert hydrant.refresh(token).status == 200


def test_past_the_session_s_end_kratos_away_is_503(start, kratos):
    hydrant = start()
    session = kratos.session(lifespan_s=2)
    token = hydrant.exchange(session).json["refresh_token"]
    kratos.fault(path="session", status=500, count=-1)
    time.sleep(2.2)
    assert hydrant.refresh(token).status == 503


def test_an_extended_session_moves_the_grant_s_end(start, kratos):
    hydrant = start({"kratos": {"session": {"revalidate_after": "1h"}}})
    session = kratos.session(lifespan_s=4)
    first = hydrant.exchange(session).json
    assert first["authorization_expires_in"] <= 4
    time.sleep(2.5)
    kratos.do(session, "extend")  # by its lifespan, from now on
    time.sleep(2)
    assert 0 < refreshed(hydrant, first["refresh_token"])["authorization_expires_in"] <= 2


def test_offline_access_outlives_the_session_and_ends_with_the_person(eager, kratos):
    session = kratos.session()
    token = eager.exchange(session, client="backend", scope="api offline_access").json["refresh_token"]
    kratos.do(session, "revoke")
    second = refreshed(eager, token, client="backend")
    assert second["authorization_expires_in"] > 29 * 86400
    kratos.do(session, "disable")
    time.sleep(0.01)
    assert eager.refresh(second["refresh_token"], client="backend").json["error"] == "invalid_grant"


def test_a_refresh_token_is_never_in_the_log(hydrant, session):
    token = hydrant.exchange(session).json["refresh_token"]
    hydrant.refresh(token)
    hydrant.line_of(hydrant.refresh(token[:-1] + "A"))
    log = hydrant.log
    assert token not in log and token[4:40] not in log and session["session_token"] not in log and "eyJ" not in log
