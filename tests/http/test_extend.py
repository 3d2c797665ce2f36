"""kratos.session.extend: on_refresh: a session that is used lives on, and none that is over lives again (docs/exchange.md)."""
import concurrent.futures
import datetime
import time

import pytest

from parts import Kratos

LIFESPAN_S = 60
EACH_LOOKS = {"revalidate_after": "0s", "extend": "on_refresh"}


@pytest.fixture
def launch(start):
    """each refresh looks, and rotates"""
    def run(changes=None, session=None, **options):
        return start({"kratos": {"session": {**EACH_LOOKS, **(session or {})}}, "refresh_token": {"coalesce": "0s"}, **(changes or {})}, **options)
    return run


@pytest.fixture
def session(kratos):
    return kratos.session(lifespan_s=LIFESPAN_S)


def looked_up(kratos, session):
    return kratos.admin.get("/admin/sessions/%s?expand=identity" % session["session_id"]).json


def end_of(kratos, session):
    at = looked_up(kratos, session)["expires_at"]
    head, _, fraction = at.rstrip("Z").partition(".")
    return datetime.datetime.fromisoformat(head + "+00:00").timestamp() + float("0." + (fraction or "0"))


def extensions(kratos, work):
    before = kratos.counts()["extend"]
    result = work()
    return kratos.counts()["extend"] - before, result


def refreshed(hydrant, token, client="spa"):
    answer = hydrant.refresh(token, client=client)
    assert answer.status == 200, answer
    return answer.json


def test_a_refresh_extends_a_session_that_has_less_than_extend_below_left(launch, kratos, session):
    hydrant = launch()
    token, before = hydrant.exchange(session).json["refresh_token"], end_of(kratos, session)
    time.sleep(2.1)
    count, said = extensions(kratos, lambda: refreshed(hydrant, token))
    assert count == 1 and 2 <= end_of(kratos, session) - before < 10
    # what Kratos says afterwards is read back, and is the grant's new end
    assert said["authorization_expires_in"] in (LIFESPAN_S - 1, LIFESPAN_S)
    assert not hydrant.log_lines("extend_failed")


def test_the_session_keeps_its_id_and_the_grant_outlives_the_session_s_first_end(launch, kratos):
    session = kratos.session(lifespan_s=14)
    hydrant = launch()
    token = hydrant.exchange(session).json["refresh_token"]
    for _ in range(5):  # only with at least 10 s left is it extended
        time.sleep(3)
        token = refreshed(hydrant, token)["refresh_token"]
    assert looked_up(kratos, session)["active"] is True


def test_by_default_no_session_is_extended(start, kratos, session):
    hydrant = start({"kratos": {"session": {"revalidate_after": "0s"}}})
    token = hydrant.exchange(session).json["refresh_token"]
    assert extensions(kratos, lambda: refreshed(hydrant, token))[0] == 0


def test_nor_one_with_more_left(launch, kratos, session):
    hydrant = launch(session={"extend_below": "30s"})
    token = hydrant.exchange(session).json["refresh_token"]
    assert extensions(kratos, lambda: refreshed(hydrant, token))[0] == 0


def test_nor_one_that_is_not_looked_at(launch, kratos, session):
    hydrant = launch(session={"revalidate_after": "1h"})
    token = hydrant.exchange(session).json["refresh_token"]
    assert extensions(kratos, lambda: refreshed(hydrant, token))[0] == 0


def test_an_exchange_extends_nothing(launch, kratos, session):
    hydrant = launch()
    assert extensions(kratos, lambda: hydrant.exchange(session))[0] == 0


@pytest.mark.parametrize("event", ["revoke", "expire", "disable", "forget", "delete_identity"])
def test_a_session_that_is_not_active_is_never_extended(launch, kratos, session, event):
    hydrant = launch()
    token = hydrant.exchange(session).json["refresh_token"]
    kratos.do(session, event)
    count, answer = extensions(kratos, lambda: hydrant.refresh(token))
    assert count == 0 and answer.status == 400 and answer.json["error"] == "invalid_grant"
    assert looked_up(kratos, session).get("active") is not True


def test_nor_is_one_that_might_expire_while_kratos_is_asked(launch, kratos):
    """Kratos revives what has expired"""
    session = kratos.session(lifespan_s=8)
    hydrant = launch()
    token = hydrant.exchange(session).json["refresh_token"]
    assert extensions(kratos, lambda: refreshed(hydrant, token))[0] == 0


def test_past_extend_max_age_it_is_not_extended_any_more(launch, kratos, session):
    hydrant = launch(session={"extend_max_age": "3s"})
    token = hydrant.exchange(session).json["refresh_token"]
    count, said = extensions(kratos, lambda: refreshed(hydrant, token))
    assert count == 1
    time.sleep(3.1)
    before = end_of(kratos, session)
    count, said = extensions(kratos, lambda: refreshed(hydrant, said["refresh_token"]))
    assert count == 0 and end_of(kratos, session) == before
    kratos.do(session, "aal2")  # the person has shown himself again: authenticated_at is new
    assert extensions(kratos, lambda: refreshed(hydrant, said["refresh_token"]))[0] == 1


def test_one_whose_assurance_fell_is_not_extended_for_a_refresh_that_is_refused(launch, kratos):
    session = kratos.session(lifespan_s=LIFESPAN_S, aal=2)
    hydrant = launch()
    token = hydrant.exchange(session).json["refresh_token"]
    kratos.do(session, "aal1")
    count, answer = extensions(kratos, lambda: hydrant.refresh(token))
    assert count == 0 and answer.json["error"] == "invalid_grant"


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 404}, {"status": 401}, {"drop": True}, {"drop": "after_head"}, {"delay_ms": 3000}])
def test_trouble_with_the_extension_is_none_of_the_refresh(launch, kratos, session, fault):
    hydrant = launch()
    token = hydrant.exchange(session).json["refresh_token"]
    kratos.fault(path="extend", count=-1, **fault)
    began = time.monotonic()
    said = refreshed(hydrant, token)
    assert time.monotonic() - began < 2
    assert said["authorization_expires_in"] <= LIFESPAN_S
    line, = hydrant.log_lines("extend_failed")
    assert line["sid"] == session["session_id"] and line["level"] == "warn" and line["reason"].startswith("extend ")
    kratos.no_faults()
    assert extensions(kratos, lambda: refreshed(hydrant, said["refresh_token"]))[0] == 1


def test_a_kratos_that_is_slow_to_answer_is_not_asked_to_extend(launch, kratos, session):
    hydrant = launch()
    token = hydrant.exchange(session).json["refresh_token"]
    kratos.fault(path="session", delay_ms=1300, count=-1)
    assert extensions(kratos, lambda: refreshed(hydrant, token))[0] == 0


@pytest.mark.parametrize("status", [200, 204])
def test_done_may_have_changed_nothing(launch, kratos, session, status):
    """earliest_possible_extend: Kratos says done and leaves it as it is"""
    hydrant = launch()
    token, before = hydrant.exchange(session).json["refresh_token"], end_of(kratos, session)
    kratos.fault(path="extend", status=status, count=1)
    time.sleep(1.1)
    count, said = extensions(kratos, lambda: refreshed(hydrant, token))
    assert count == 1 and end_of(kratos, session) == before
    assert said["authorization_expires_in"] < LIFESPAN_S - 1 and not hydrant.log_lines("extend_failed")


def test_a_kratos_that_answers_204_extends_too(launch):
    """feature_flags.faster_session_extend"""
    kratos = Kratos(arguments=["--faster-extend"])
    try:
        session = kratos.session(lifespan_s=LIFESPAN_S)
        hydrant = launch({"kratos": {"public_url": kratos.public_url, "admin_url": kratos.admin_url, "session": EACH_LOOKS}})
        token, before = hydrant.exchange(session).json["refresh_token"], end_of(kratos, session)
        time.sleep(1.1)
        assert refreshed(hydrant, token)["authorization_expires_in"] >= LIFESPAN_S - 1 and end_of(kratos, session) > before + 1
    finally:
        kratos.stop()


def test_simultaneous_refreshes_extend_a_session_once(launch, kratos, session):
    hydrant = launch({"serve": {"workers": 1}})
    tokens = [hydrant.exchange(session).json["refresh_token"] for _ in range(8)]
    kratos.fault(path="extend", delay_ms=300, count=-1)
    with concurrent.futures.ThreadPoolExecutor(len(tokens)) as pool:
        count, answers = extensions(kratos, lambda: list(pool.map(hydrant.refresh, tokens)))
    assert {answer.status for answer in answers} == {200} and count == 1
