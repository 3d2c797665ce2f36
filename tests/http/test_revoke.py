"""The revocation endpoint: RFC 7009."""
import time

import pytest

from parts import basic, claims_of, form

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def exchanged(hydrant, session, client="spa", **parameters):
    answer = hydrant.exchange(session, client=client, **parameters)
    assert answer.status == 200, answer
    return answer.json


def assert_done(answer):
    assert answer.status == 200, answer
    assert answer.header("Cache-Control") == "no-store"


def test_a_revoked_refresh_token_ends_its_grant(hydrant, session):
    first = exchanged(hydrant, session)["refresh_token"]
    assert_done(hydrant.revoke(first))
    refused = hydrant.refresh(first)
    assert refused.status == 400 and refused.json["error"] == "invalid_grant"


@pytest.mark.parametrize("which", [0, 1, 2])
def test_any_token_of_a_family_ends_it(start, session, which):
    hydrant = start({"refresh_token": {"coalesce": "0s"}})
    family = [exchanged(hydrant, session)["refresh_token"]]
    for _ in range(2):
        family.append(hydrant.refresh(family[-1]).json["refresh_token"])
    assert_done(hydrant.revoke(family[which]))
    assert {hydrant.refresh(token).json["error"] for token in family} == {"invalid_grant"}


def test_other_grants_of_the_session_live_on(hydrant, session):
    ended, kept = (exchanged(hydrant, session)["refresh_token"] for _ in range(2))
    assert_done(hydrant.revoke(ended))
    assert hydrant.refresh(kept).status == 200


def test_rfc_7009_2_1_an_access_token_of_ours_ends_its_grant(hydrant, session):
    said = exchanged(hydrant, session)
    assert_done(hydrant.revoke(said["access_token"]))
    assert hydrant.refresh(said["refresh_token"]).json["error"] == "invalid_grant"


def test_rfc_7009_2_2_1_an_access_token_without_a_grant_is_unsupported_token_type(hydrant, session):
    token = exchanged(hydrant, session, client="exchange-only")["access_token"]
    answer = hydrant.revoke(token, client="exchange-only")
    assert answer.status == 400 and answer.json["error"] == "unsupported_token_type", answer


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "saml2", "x" * 300])
@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
def test_rfc_7009_2_1_the_hint_is_only_a_hint(hydrant, session, kind, hint):
    said = exchanged(hydrant, session)
    assert_done(hydrant.revoke(said[kind], token_type_hint=hint))
    assert hydrant.refresh(said["refresh_token"]).json["error"] == "invalid_grant"


def forged(token):
    return token[:-1] + ("A" if token[-1] != "A" else "E")


@pytest.mark.parametrize("what", [
    lambda said: "unknown", lambda said: "hrt_", lambda said: forged(said["refresh_token"]), lambda said: said["refresh_token"][:-1], lambda said: said["refresh_token"] + "A",
    lambda said: said["access_token"][:-8] + "AAAAAAAA", lambda said: ".".join(said["access_token"].split(".")[:2]) + ".", lambda said: "eyJhbGciOiJub25lIn0." + said["access_token"].split(".")[1] + ".",
    lambda said: " ", lambda said: "a.b.c", lambda said: "x" * 8000,
], ids=["unknown", "the prefix", "forged", "short", "long", "a signature of nobody", "no signature", "alg none", "a space", "no JWT", "very long"])
def test_rfc_7009_2_2_a_token_that_is_not_valid_is_200_and_ends_nothing(hydrant, session, what):
    said = exchanged(hydrant, session)
    assert_done(hydrant.revoke(what(said)))
    assert hydrant.refresh(said["refresh_token"]).status == 200


def test_revoking_twice_is_200_too(hydrant, session):
    token = exchanged(hydrant, session)["refresh_token"]
    assert_done(hydrant.revoke(token))
    assert_done(hydrant.revoke(token))


def test_an_access_token_that_ran_out_is_200_and_ends_nothing(start, session):
    hydrant = start({"access_token": {"ttl": "1s"}})
    said = exchanged(hydrant, session)
    time.sleep(max(0, claims_of(said["access_token"])["exp"] - time.time()) + 0.05)
    assert_done(hydrant.revoke(said["access_token"]))
    assert hydrant.refresh(said["refresh_token"]).status == 200


# ---- whose token it is ----

def test_a_refresh_token_of_another_client_is_none_and_its_grant_lives(hydrant, session):
    token = exchanged(hydrant, session, client="mobile")["refresh_token"]
    assert_done(hydrant.revoke(token, client="spa"))
    assert hydrant.refresh(token, client="mobile").status == 200


def test_rfc_7009_2_1_an_access_token_of_another_client_is_refused_and_its_grant_lives(hydrant, session):
    said = exchanged(hydrant, session, client="mobile")
    answer = hydrant.revoke(said["access_token"], client="spa")
    assert answer.status == 400 and answer.json["error"] == "invalid_grant", answer
    assert hydrant.refresh(said["refresh_token"], client="mobile").status == 200


@pytest.mark.parametrize("authorization", [None, basic("backend", "wrong")])
def test_rfc_7009_2_1_a_confidential_client_authenticates(hydrant, session, authorization):
    token = exchanged(hydrant, session, client="backend")["refresh_token"]
    headers = {**FORM, **({} if authorization is None else {"Authorization": authorization})}
    answer = hydrant.public.request("POST", "/oauth2/revoke", form({"token": token, "client_id": "backend"}), headers)
    assert answer.status == 401 and answer.json["error"] == "invalid_client", answer
    assert hydrant.refresh(token, client="backend").status == 200


def test_a_confidential_client_revokes_its_own(hydrant, session):
    token = exchanged(hydrant, session, client="backend")["refresh_token"]
    assert_done(hydrant.revoke(token, client="backend"))
    assert hydrant.refresh(token, client="backend").json["error"] == "invalid_grant"


# ---- the request ----

@pytest.mark.parametrize("pairs", [[], [("token", "")], [("token", "x"), ("token", "x")], [("token_type_hint", "refresh_token")]], ids=["none", "empty", "twice", "only a hint"])
def test_a_request_without_exactly_one_token_is_invalid_request(hydrant, pairs):
    answer = hydrant.public.request("POST", "/oauth2/revoke", form(pairs + [("client_id", "spa")]), FORM)
    assert answer.status == 400 and answer.json["error"] == "invalid_request", answer


def test_kratos_is_not_asked_and_may_be_away(hydrant, kratos, session):
    said = exchanged(hydrant, session)
    kratos.fault(path="all", drop=True, count=-1)
    before = kratos.counts()
    assert_done(hydrant.revoke(said["refresh_token"]))
    assert kratos.counts() == before


def test_the_log_says_what_ended_and_holds_no_token(hydrant, session):
    said = exchanged(hydrant, session)
    answers = [hydrant.revoke(token) for token in (said["refresh_token"], said["access_token"], "garbage-of-someone")]
    outcomes = [hydrant.line_of(answer)["outcome"] for answer in answers]
    assert outcomes == ["revoked", "nothing_to_revoke", "nothing_to_revoke"]
    assert said["refresh_token"][4:40] not in hydrant.log and "eyJ" not in hydrant.log and "garbage-of-someone" not in hydrant.log
