"""What Hydra's token hook knows of a session and a person from Kratos (docs/hydra-hook.md): their end, what is remembered, and Kratos away."""
import json
import threading
import time

import pytest

from hydra_hook_parts import KEY, claims, hook, hooked, of, tied, with_hook  # noqa: F401
from parts import merge


# ---- tied to the session ----

@pytest.mark.parametrize("event", ["revoke", "expire", "disable", "forget", "delete_identity"])
def test_once_the_session_has_ended_the_next_refresh_is_403(hooked, kratos, event):
    session = kratos.session()
    assert hook(hooked, tied(session)).status == 200
    kratos.do(session, event)
    answer = hook(hooked, tied(session))
    assert answer.status == 403 and hooked.line_of(answer)["outcome"] == "access_denied"


@pytest.mark.parametrize("event, status", [("revoke", 200), ("disable", 403), ("delete_identity", 403)])
def test_without_a_session_it_is_the_person_who_counts(hooked, kratos, event, status):
    session = kratos.session()
    assert hook(hooked, of(session)).status == 200
    kratos.do(session, event)
    assert hook(hooked, of(session)).status == status


def test_a_hook_after_a_sessions_end_shares_no_look_that_a_refresh_began_before_it(hooked, kratos):
    session = kratos.session()
    token = hooked.exchange(session).json["refresh_token"]
    kratos.fault(path="session", delay_ms=400, count=1)
    before = kratos.counts()["session"]
    refresh = threading.Thread(target=hooked.refresh, args=(token,))
    refresh.start()
    time.sleep(0.1)  # it is looking
    assert kratos.counts()["session"] == before + 1
    assert hooked.admin.request("DELETE", "/admin/grants?session=" + session["session_id"]).status == 200
    time.sleep(0.05)  # the worker hears of it
    assert hook(hooked, tied(session)).status == 200  # Kratos was not told
    refresh.join()
    assert kratos.counts()["session"] == before + 2


def test_a_person_who_is_enabled_again_may_refresh_again(hooked, kratos, session):
    kratos.do(session, "disable")
    assert hook(hooked, of(session)).status == 403
    kratos.do(session, "enable")
    assert hook(hooked, of(session)).status == 200


def test_a_session_of_another_person_gives_no_claims(hooked, kratos):
    victim, other = kratos.session(email="victim@example.org"), kratos.session()
    payload = of(other, kratos_session_id=victim["session_id"])
    answer = hook(hooked, payload)
    assert answer.status == 204 and hooked.line_of(answer)["reason"] == "the Kratos session is another identity's"


def test_the_session_may_stand_for_a_subject_that_is_no_uuid(hooked, kratos):
    session = kratos.session(email="ada@example.org")
    payload = tied(session)
    payload["session"]["id_token"]["subject"] = "ada@example.org"
    assert claims(hook(hooked, payload))[0]["email"] == "ada@example.org"
    kratos.do(session, "revoke")
    assert hook(hooked, payload).status == 403


@pytest.mark.parametrize("value", ["", "no-uuid", 7, {"id": "x"}, ["2ba14201-4f13-44ee-96c1-3ebc8cfe89da"]])
def test_a_session_id_that_is_none_is_told_and_the_person_counts(hooked, kratos, session, value):
    before = len(hooked.log_lines("hydra_hook_session"))
    answer = hook(hooked, of(session, kratos_session_id=value))
    assert answer.status == 200
    warning = hooked.log_lines("hydra_hook_session")[before]
    assert warning["where"] == "claims: kratos_session" and warning["id"] == answer.header("X-Request-Id")
    kratos.do(session, "disable")
    assert hook(hooked, of(session, kratos_session_id=value)).status == 403


def test_with_refuse_a_session_id_that_is_none_is_403(start, kratos, session):
    server = start(with_hook(on_kratos_down="refuse"))
    assert hook(server, of(session, kratos_session_id="no-uuid")).status == 403
    assert hook(server, of(session, kratos_session_id=None)).status == 200


# ---- remembering ----

def test_what_was_seen_within_revalidate_after_is_not_asked_again(start, kratos):
    server, session = start(with_hook("60s")), kratos.session()
    before = kratos.counts()
    for _ in range(20):
        assert hook(server, of(session)).status == 200
        assert hook(server, tied(session)).status == 200
    after = kratos.counts()
    assert after["identity"] - before["identity"] == 1 and after["session"] - before["session"] == 1


def test_what_is_remembered_is_answered_within_10_ms_while_kratos_hangs(start, kratos):
    server, session, times = start(with_hook("60s")), kratos.session(), []
    assert hook(server, tied(session)).status == 200
    kratos.fault(path="all", delay_ms=3000, count=-1)
    for _ in range(40):
        began = time.monotonic()
        assert hook(server, tied(session)).status == 200
        times.append(time.monotonic() - began)
    assert sorted(times)[9] < 0.010  # a quarter of them: the machine may be busy


def test_simultaneous_looks_are_one(start, kratos):
    server, session = start(with_hook("60s")), kratos.session()
    kratos.fault(path="identity", delay_ms=300)
    before, statuses = kratos.counts()["identity"], []
    threads = [threading.Thread(target=lambda: statuses.append(hook(server, of(session)).status)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 10 and kratos.counts()["identity"] - before == 1


def test_a_session_that_expired_by_the_clock_is_asked_for_again_though_it_was_seen_just_now(start, kratos):
    server, session = start(with_hook("60s")), kratos.session(lifespan_s=1)
    assert hook(server, tied(session)).status == 200
    before = kratos.counts()["session"]
    time.sleep(6.2)  # what clocks may be apart is allowed for
    assert hook(server, tied(session)).status == 403
    assert kratos.counts()["session"] == before + 1


# ---- Kratos away ----

DOWN = [{"drop": "true"}, {"status": 500}, {"status": 401}]


@pytest.mark.parametrize("fault", DOWN)
def test_while_kratos_is_away_the_last_claims_are_answered_and_then_those_of_now(hooked, kratos, fault):
    session = kratos.session(email="ada@example.org")
    before = hook(hooked, of(session))
    kratos.fault(path="all", **fault)
    answer = hook(hooked, of(session))
    assert answer.status == 200 and answer.json == before.json
    line = hooked.line_of(answer)
    assert line["outcome"] == "mapped_from_last_look" and line["reason"].startswith("identity ")
    kratos.no_faults()
    kratos.do(session, "disable")
    assert hook(hooked, of(session)).status == 403


@pytest.mark.parametrize("fault", DOWN)
def test_nobody_seen_before_and_kratos_away_is_204_or_403_as_the_settings_say(hooked, start, kratos, fault):
    refusing = start(with_hook(on_kratos_down="refuse"))
    session = kratos.session()
    kratos.fault(path="all", **fault)
    for payload in (of(session), tied(session)):
        answer = hook(hooked, payload)
        assert answer.status == 204 and hooked.line_of(answer)["outcome"] == "unchanged"
        answer = hook(refusing, payload)
        assert answer.status == 403 and refusing.line_of(answer)["outcome"] == "refused_without_kratos"


def test_the_last_claims_serve_for_a_tokens_life_and_stale_if_error(start, kratos):
    changes = merge(with_hook(), {"kratos": {"session": {"stale_if_error": "1s"}}, "access_token": {"ttl": "1s"}})
    keeping, refusing = start(changes), start(merge(json.loads(json.dumps(changes)), {"hydra": {"hook": {"on_kratos_down": "refuse"}}}))
    session = kratos.session()
    for server in (keeping, refusing):
        assert hook(server, of(session)).status == 200
    kratos.fault(path="all", drop="true")
    for server in (keeping, refusing):
        assert hook(server, of(session)).status == 200
    time.sleep(2.1)
    assert hook(keeping, of(session)).status == 204 and hook(refusing, of(session)).status == 403
    kratos.no_faults()
    for server in (keeping, refusing):
        assert hook(server, of(session)).status == 200


@pytest.mark.parametrize("event, payload_of", [("revoke", tied), ("disable", of), ("delete_identity", of)])
def test_what_has_ended_stays_ended_while_kratos_is_away(hooked, kratos, event, payload_of):
    session = kratos.session()
    assert hook(hooked, payload_of(session)).status == 200
    kratos.do(session, event)
    assert hook(hooked, payload_of(session)).status == 403
    kratos.fault(path="all", drop="true")
    assert hook(hooked, payload_of(session)).status == 403


def test_a_kratos_that_hangs_is_waited_for_two_and_a_half_seconds_and_its_answer_is_kept(start, kratos):
    server = start({**with_hook("60s"), "kratos": {"timeout": "5s", "session": {"revalidate_after": "60s"}}})
    session = kratos.session()
    kratos.fault(path="identity", delay_ms=3200)
    began = time.monotonic()
    answer = hook(server, of(session))
    assert answer.status == 204 and 2.4 < time.monotonic() - began < 2.9
    assert server.line_of(answer)["reason"] == "Kratos not answered in 2500 ms"
    time.sleep(1)
    before = kratos.counts()["identity"]
    assert hook(server, of(session)).status == 200 and kratos.counts()["identity"] == before


def test_a_caller_that_leaves_leaves_the_others_waiting(start, kratos):
    server, session = start(with_hook("60s")), kratos.session()
    kratos.fault(path="identity", delay_ms=600)
    with pytest.raises(OSError):
        server.admin.request("POST", "/hooks/hydra/token", json.dumps(of(session)), {"Authorization": KEY}, timeout=0.2)
    answer = hook(server, of(session))
    assert answer.status == 200 and kratos.counts()["identity"] >= 1


def test_a_server_that_ends_while_a_look_is_under_way_leaves_nothing_behind(start, kratos):
    server, session = start(with_hook()), kratos.session()
    kratos.fault(path="identity", delay_ms=3900)
    assert hook(server, of(session)).status == 204
    server.stop()
