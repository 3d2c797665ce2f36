"""Client secrets that Hydra hashed: PBKDF2 and bcrypt verify wherever a secret does, aside from the event loop, and a right one is known for a while (docs/decisions/0015)."""
import base64
import hashlib
import os
import re
import secrets
import select
import socket
import subprocess
import time

import pytest

from parts import BUILD, EXCHANGE, KRATOS_SESSION, Hydrant, basic, default_settings, form, merge, sanitizer_environment

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SECRET = "correct horse battery staple of hydra"
# made by golang.org/x/crypto, as Hydra makes them
PBKDF2 = "$pbkdf2-sha256$i=25000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$NcUoXXwOGuS0KS55e9je/1vcOo7Biq+HyTgeLmH1/B8"
BCRYPT = "$2a$10$CsjUDtdOgnf6oUSxY/76reH.CAZu7c5edpPciSaRn3iYC07gNHOMm"
DEADLINE_S = 5
LINE_MAX, QUEUE_MAX = 10, 64  # oauth/secret_desk.h, oauth/aside.c


def b64(octets):
    return base64.b64encode(octets).decode().rstrip("=")


def pbkdf2(secret, iterations):
    salt = secrets.token_bytes(16)
    return "$pbkdf2-sha256$i=%d,l=32$%s$%s" % (iterations, b64(salt), b64(hashlib.pbkdf2_hmac("sha256", secret.encode(), salt, iterations, 32)))


MANY = 200000  # iterations: 50 ms, and 250 ms under a sanitizer
SLOW = pbkdf2(SECRET, MANY)
CLIENTS = [{"client_id": "%s-%s-%d" % (kind, method, number), "token_endpoint_auth_method": "client_secret_" + method, "client_secret_hash": value, "scope": "api"}
           for kind, value in (("pbkdf2", PBKDF2), ("bcrypt", BCRYPT)) for method in ("basic", "post") for number in range(4)]
CLIENTS += [{"client_id": "slow-%d" % number, "client_secret_hash": SLOW, "scope": "api"} for number in range(100)]
CLIENTS.append({"client_id": "public", "token_endpoint_auth_method": "none", "scope": "api"})


@pytest.fixture(scope="module")
def hydrant(kratos, fresh_dsn, migrated):
    """one worker, so that all share its loop"""
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {"clients": CLIENTS, "serve": {"workers": 1, "trusted_proxies": ["127.0.0.1"]}}))
    yield server
    server.stop()


def write_request(session, client, secret, peer):
    pairs = {"grant_type": EXCHANGE, "subject_token": session["session_token"], "subject_token_type": KRATOS_SESSION}
    headers = {**FORM, "X-Forwarded-For": peer}
    if "-post-" in client:
        pairs.update(client_id=client, client_secret=secret)
    else:
        headers["Authorization"] = basic(client, secret)
    return form(pairs), headers


def ask(hydrant, session, client, secret, peer="198.51.100.7"):
    return hydrant.public.request("POST", "/oauth2/token", *write_request(session, client, secret, peer))


class Asked:
    """a request that was sent, and not answered yet"""

    def __init__(self, hydrant, session, client, secret, peer="198.51.100.7"):
        body, headers = write_request(session, client, secret, peer)
        self.socket = socket.create_connection(("127.0.0.1", hydrant.public.port))
        head = "".join("%s: %s\r\n" % pair for pair in headers.items())
        self.socket.sendall(("POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)).encode())

    def is_answered(self):
        return bool(select.select([self.socket], [], [], 0)[0])

    def leave(self):
        self.socket.close()

    def answer(self):
        with self.socket, self.socket.makefile("rb") as f:
            return f.read().decode()

    def status(self):
        return int(self.answer().split()[1])


def new_client(hydrant, **record):
    client_id = "hydra-" + secrets.token_hex(6)
    answer = hydrant.admin.post_json("/admin/clients", {"client_id": client_id, "scope": "api", **record})
    assert answer.status == 201, answer
    return client_id


# ---- right and wrong ----

@pytest.mark.parametrize("client", ["pbkdf2-basic-0", "pbkdf2-post-0", "bcrypt-basic-0", "bcrypt-post-0"])
def test_a_secret_that_hydra_hashed_verifies_the_first_time_and_after(hydrant, session, client):
    for _ in range(3):
        assert ask(hydrant, session, client, SECRET).status == 200
    answer = ask(hydrant, session, client, SECRET + "s")
    assert answer.status == 401 and answer.json["error"] == "invalid_client", answer
    assert ask(hydrant, session, client, SECRET).status == 200


@pytest.mark.parametrize("client", ["pbkdf2-basic-1", "bcrypt-post-1"])
def test_a_wrong_secret_is_wrong_each_time(hydrant, session, client):
    for secret in ("wrong", "wrong", "x" * 73, "x" * 1500):
        assert ask(hydrant, session, client, secret).status == 401
    assert ask(hydrant, session, client, SECRET).status == 200


@pytest.mark.parametrize("path", ["/oauth2/introspect", "/oauth2/revoke"])
def test_it_opens_the_other_endpoints_for_clients_too(hydrant, session, path):
    for secret, status in ((SECRET, 200), ("wrong", 401)):
        headers = {**FORM, "Authorization": basic("pbkdf2-basic-2", secret)}
        assert hydrant.public.request("POST", path, form({"token": "x"}), headers).status == status


@pytest.mark.parametrize("client", ["pbkdf2-basic-3", "bcrypt-post-3"])
def test_rfc_6749_2_3_1_ten_wrong_secrets_close_the_client_also_for_one_that_is_known(hydrant, session, client):
    assert ask(hydrant, session, client, SECRET).status == 200
    for number in range(10):
        assert ask(hydrant, session, client, "wrong %d" % number).status == 401
    assert ask(hydrant, session, client, SECRET).status == 429
    assert ask(hydrant, session, client, SECRET, peer="203.0.113.5").status == 200


def test_guesses_that_wait_together_are_not_heard_together(hydrant, session):
    """they stood in line before the tenth was counted"""
    peer = "192.0.2.9"
    for number in range(5):
        assert ask(hydrant, session, "bcrypt-basic-1", "wrong %d" % number, peer).status == 401
    asked = [Asked(hydrant, session, "bcrypt-basic-1", "guess %d" % number, peer) for number in range(9)]
    statuses = sorted(a.status() for a in asked)
    assert statuses == [401] * 5 + [429] * 4, statuses


# ---- where a hash may be given ----

@pytest.mark.parametrize("value", [PBKDF2, BCRYPT], ids=["PBKDF2", "bcrypt"])
def test_the_admin_api_takes_a_hash_and_never_shows_it(hydrant, session, value):
    answer = hydrant.admin.post_json("/admin/clients", {"client_id": "hydra-" + secrets.token_hex(6), "scope": "api", "client_secret_hash": value})
    assert answer.status == 201 and "client_secret" not in answer.json and "client_secret_hash" not in answer.json, answer
    client = answer.json["client_id"]
    assert ask(hydrant, session, client, SECRET).status == 200
    assert value.split("$")[-1] not in hydrant.admin.get("/admin/clients/" + client).body.decode() and value.split("$")[-1] not in hydrant.log


@pytest.mark.parametrize("record, words", [
    ({"client_secret_hash": "$2a$31$" + BCRYPT[7:]}, "client_secret_hash: must have a cost from 04 to 12"),
    ({"client_secret_hash": PBKDF2.replace("25000", "2500000")}, "client_secret_hash: must have from 1000 to 1000000 iterations"),
    ({"client_secret_hash": "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"}, "client_secret_hash: must be a hash as Hydra keeps it"),
    ({"client_secret_hash": PBKDF2, "client_secret": "a-secret-of-more-than-32-characters"}, "not both"),
    ({"client_secret_hash": PBKDF2, "token_endpoint_auth_method": "none"}, "has no secret"),
], ids=["too dear", "too many iterations", "another kind", "with a secret", "of a public client"])
def test_a_hash_that_would_not_do_is_refused_with_what_would(hydrant, record, words):
    answer = hydrant.admin.post_json("/admin/clients", {"client_id": "x", **record})
    assert answer.status == 400 and words in answer.json["error_description"], answer


def test_the_command_line_takes_a_hash(hydrant, session):
    client = "hydra-" + secrets.token_hex(6)
    done = subprocess.run([os.path.join(BUILD, "hydrant"), "clients", "create", "--id", client, "--scope", "api", "--secret-hash", PBKDF2, "--endpoint", "http://127.0.0.1:%d" % hydrant.admin.port],
                          env={**os.environ, **sanitizer_environment()}, capture_output=True, text=True)
    assert done.returncode == 0 and "shown this once" not in done.stderr, done
    assert ask(hydrant, session, client, SECRET).status == 200


def test_a_client_that_is_deleted_is_gone_although_its_secret_was_known(hydrant, session):
    client = new_client(hydrant, client_secret_hash=PBKDF2)
    assert ask(hydrant, session, client, SECRET).status == 200
    assert hydrant.admin.request("DELETE", "/admin/clients/" + client).status == 204
    assert ask(hydrant, session, client, SECRET).status == 401


def test_a_client_that_is_made_anew_with_another_hash_has_another_secret(hydrant, session):
    client = new_client(hydrant, client_secret_hash=PBKDF2)
    assert ask(hydrant, session, client, SECRET).status == 200
    assert hydrant.admin.request("DELETE", "/admin/clients/" + client).status == 204
    record = {"client_id": client, "scope": "api", "client_secret_hash": pbkdf2("another secret", 25000)}
    assert hydrant.admin.post_json("/admin/clients", record).status == 201
    assert ask(hydrant, session, client, SECRET).status == 401
    assert ask(hydrant, session, client, "another secret").status == 200


# ---- beside the loop ----

def test_a_refresh_on_the_same_loop_is_answered_before_hashes_that_were_asked_for_earlier(hydrant, session):
    """an order, and no time: on the loop the hashes would come first"""
    token = hydrant.exchange(session, client="public").json["refresh_token"]
    asked = [Asked(hydrant, session, "slow-%d" % number, SECRET) for number in range(4)]
    for _ in range(3):
        answer = hydrant.refresh(token, client="public")
        assert answer.status == 200, answer
        token = answer.json["refresh_token"]
    assert not asked[-1].is_answered()
    assert [a.status() for a in asked] == [200] * 4


def test_the_same_secret_at_once_costs_one_hash(hydrant, session):
    """a hundred would take the deadline many times over"""
    client = new_client(hydrant, client_secret_hash=pbkdf2(SECRET, MANY))
    asked = [Asked(hydrant, session, client, SECRET) for _ in range(100)]
    assert [a.status() for a in asked] == [200] * 100


def find_refused(hydrant, asked, reason):
    """the first that was refused for that reason, which is another than the deadline"""
    deadline = time.monotonic() + DEADLINE_S
    while reason not in hydrant.log and time.monotonic() < deadline:
        time.sleep(0.01)
    assert reason in hydrant.log
    answers = (a.answer() for a in asked if a.is_answered())
    return next(answer for answer in answers if answer.startswith("HTTP/1.1 503 "))


def test_of_one_client_so_many_secrets_wait_and_the_next_is_503_with_retry_after(hydrant, session):
    client = new_client(hydrant, client_secret_hash=pbkdf2(SECRET, MANY))
    asked = [Asked(hydrant, session, client, "wrong %d" % number, peer="10.%d.0.1" % number) for number in range(LINE_MAX + 20)]
    refused = find_refused(hydrant, asked, "too many secrets wait to be checked for this client")
    assert '"temporarily_unavailable"' in refused and "\r\nretry-after: 1\r\n" in refused.lower(), refused
    assert ask(hydrant, session, "pbkdf2-basic-0", SECRET).status == 200
    for a in asked:
        a.leave()


def test_where_the_queue_is_full_who_comes_is_503_with_retry_after_and_who_is_known_is_not(hydrant, session):
    assert ask(hydrant, session, "pbkdf2-basic-0", SECRET).status == 200
    asked = [Asked(hydrant, session, "slow-%d" % number, "wrong") for number in range(4, 4 + QUEUE_MAX + 24)]
    refused = find_refused(hydrant, asked, "too much slow work waits already")
    assert '"temporarily_unavailable"' in refused and "\r\nretry-after: 1\r\n" in refused.lower(), refused
    assert ask(hydrant, session, "pbkdf2-basic-0", SECRET).status == 200
    assert re.search(r'hydrant_aside_refused_total\{work="secrets"\} [1-9]', hydrant.admin.get("/metrics/prometheus").body.decode())
    for a in asked:
        a.leave()


def test_who_leaves_while_the_hash_is_computed_is_noticed_then_and_nothing_is_lost(hydrant, session):
    client = new_client(hydrant, client_secret_hash=pbkdf2(SECRET, MANY))
    for _ in range(3):
        Asked(hydrant, session, client, SECRET).leave()
    assert ask(hydrant, session, client, SECRET).status == 200
    assert hydrant.public.get("/health/alive").status == 200


def test_a_client_that_is_deleted_while_its_secret_is_checked_has_no_grant_afterwards(hydrant, session):
    client = new_client(hydrant, client_secret_hash=pbkdf2(SECRET, MANY))
    asked = Asked(hydrant, session, client, SECRET)
    time.sleep(0.1)
    assert hydrant.admin.request("DELETE", "/admin/clients/" + client).status == 204
    assert asked.status() in (200, 401)
    assert ask(hydrant, session, client, SECRET).status == 401


def test_a_server_ends_at_once_whatever_is_being_hashed(start, session):
    server = start({"clients": CLIENTS, "serve": {"workers": 1}})
    asked = [Asked(server, session, "slow-%d" % number, SECRET) for number in range(8)]
    time.sleep(0.1)
    for a in asked:
        a.leave()
    server.stop()
