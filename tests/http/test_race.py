"""Many at once with one token (docs/refresh.md): one rotation, equal successors; on Postgres through two server processes on one database."""
import threading
import time

import pytest

from parts import Hydrant, default_settings, free_port, merge, unpadded

AT_ONCE, ROUNDS = 32, 5


@pytest.fixture(scope="module")
def servers(kratos, fresh_dsn, migrated, on_postgres):
    settings = merge(default_settings(kratos, fresh_dsn()), {"refresh_token": {"grace": "60s", "coalesce": "0s"}})
    running = [Hydrant(settings)]
    if on_postgres:
        running.append(Hydrant({**settings, "serve": {**settings["serve"], "public": {"host": "127.0.0.1", "port": free_port()}, "admin": {"host": "127.0.0.1", "port": free_port()}}}))
    yield running
    for server in running:
        server.stop()


def present(servers, tokens, **parameters):
    """one thread for each token, all at once, by turns to each server -> their answers"""
    start, answers = threading.Barrier(len(tokens)), [None] * len(tokens)

    def run(i):
        start.wait()
        answers[i] = servers[i % len(servers)].refresh(tokens[i], **parameters)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(tokens))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def generation(token):
    return int.from_bytes(unpadded(token[4:])[18:22], "big")


def outcomes(servers, answers):
    return sorted(servers[i % len(servers)].line_of(answer)["outcome"] for i, answer in enumerate(answers))


def test_of_32_simultaneous_presentations_one_rotates_and_all_get_the_same_successor(servers, session):
    token = servers[0].exchange(session).json["refresh_token"]
    for round in range(ROUNDS):
        answers = present(servers, [token] * AT_ONCE)
        assert [a.status for a in answers] == [200] * AT_ONCE, answers
        successors = {a.json["refresh_token"] for a in answers}
        assert len(successors) == 1
        assert len({a.json["access_token"] for a in answers}) == AT_ONCE
        assert set(outcomes(servers, answers)) <= {"rotated", "retried"}  # those that waited together share one outcome
        token = successors.pop()
        assert generation(token) == round + 1


def test_the_family_lives_whichever_answer_arrived(servers, session):
    token = servers[0].exchange(session).json["refresh_token"]
    last = {a.json["refresh_token"] for a in present(servers, [token] * AT_ONCE)}.pop()
    mixed = present(servers, [token, last] * (AT_ONCE // 2))  # late tabs with the old one beside quick ones with the new
    assert [a.status for a in mixed] == [200] * AT_ONCE, mixed
    newest = max((a.json["refresh_token"] for a in mixed), key=generation)
    assert servers[-1].refresh(newest).status == 200


def test_many_families_at_once_do_not_hinder_each_other(servers, session, kratos):
    tokens = [servers[0].exchange(kratos.session()).json["refresh_token"] for _ in range(AT_ONCE)]
    answers = present(servers, tokens)
    assert [a.status for a in answers] == [200] * AT_ONCE
    assert len({a.json["refresh_token"] for a in answers}) == AT_ONCE and outcomes(servers, answers) == ["rotated"] * AT_ONCE


def test_of_a_refresh_and_a_revocation_at_once_the_revocation_stands(servers, session):
    for _ in range(ROUNDS):
        token = servers[0].exchange(session).json["refresh_token"]
        revoke = threading.Thread(target=lambda: servers[-1].revoke(token))
        revoke.start()
        answers = present(servers, [token] * 8)
        revoke.join()
        assert {a.status for a in answers} <= {200, 400}
        for held in {token} | {a.json["refresh_token"] for a in answers if a.status == 200}:
            assert servers[0].refresh(held).json["error"] == "invalid_grant"


def test_a_replay_by_many_at_once_revokes_once_and_nobody_gets_a_token(start, session):
    hydrant = start({"refresh_token": {"grace": "1s", "coalesce": "0s"}})
    stolen = hydrant.exchange(session).json["refresh_token"]
    newest = hydrant.refresh(hydrant.refresh(stolen).json["refresh_token"]).json["refresh_token"]
    time.sleep(1.2)
    answers = present([hydrant], [stolen] * AT_ONCE)
    assert {(a.status, a.json["error"]) for a in answers} == {(400, "invalid_grant")}
    assert hydrant.refresh(newest).json["error"] == "invalid_grant"
    assert outcomes([hydrant], answers).count("invalid_grant") == AT_ONCE


def test_an_exchange_makes_a_grant_that_every_server_knows_at_once(servers, session):
    token = servers[0].exchange(session).json["refresh_token"]
    assert servers[-1].refresh(token).status == 200
    servers[0].revoke(token)
    assert servers[-1].refresh(token).json["error"] == "invalid_grant"
