"""/metrics/prometheus (docs/metrics.md): the page, and what it says of requests, Kratos, the database, keys and clients. Outcomes: test_metrics_outcomes.py."""
import concurrent.futures
import os
import re
import socket
import subprocess
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from metrics_parts import PATH, SOON_S, growth, samples, scrape, value_of
from parts import BUILD, header_of
from test_availability import await_status, away  # noqa: F401


# ---- the page ----

def told_families():
    """name and type of every family, as the program tells them"""
    done = subprocess.run([os.path.join(BUILD, "hydrant"), "help", "metrics"], capture_output=True, text=True, check=True)
    return dict(re.findall(r"^([a-z_]+) \(([a-z]+)", done.stdout, flags=re.M))


def test_every_family_has_its_help_and_type_once_and_the_parser_reads_the_page(hydrant, session):
    hydrant.refresh(hydrant.exchange(session).json["refresh_token"])
    page, told = scrape(hydrant), told_families()
    assert len(told) > 25
    for name, kind in told.items():
        assert len(re.findall(r"^# HELP %s \S" % name, page, flags=re.M)) == 1, name
        assert re.findall(r"^# TYPE %s (\S+)$" % name, page, flags=re.M) == [kind]
    families = list(text_string_to_metric_families(page))
    assert {family.name for family in families} == {name.removesuffix("_total") if kind == "counter" else name for name, kind in told.items()}
    for family in families:
        assert family.documentation and family.samples or family.name.startswith("hydrant_")
    assert page.endswith("\n") and "\n\n" not in page


def test_histograms_are_cumulative_and_end_with_their_count(hydrant, session):
    hydrant.exchange(session)
    for family in text_string_to_metric_families(scrape(hydrant)):
        rows = {}
        for sample in family.samples if family.type == "histogram" else []:
            labels = {name: value for name, value in sample.labels.items() if name != "le"}
            rows.setdefault(tuple(sorted(labels.items())), []).append(sample)
        for row in rows.values():
            buckets = [sample for sample in row if sample.name.endswith("_bucket")]
            bounds, counts = [float(sample.labels["le"]) for sample in buckets], [sample.value for sample in buckets]
            assert bounds == sorted(bounds) and bounds[-1] == float("inf") and counts == sorted(counts)
            assert [sample.value for sample in row if sample.name.endswith("_count")] == [counts[-1]]
            assert len([sample for sample in row if sample.name.endswith("_sum")]) == 1


def test_it_is_text_0_0_4_not_to_be_stored_on_the_admin_port_only(hydrant):
    answer = hydrant.admin.get(PATH)
    assert answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8" and answer.header("Cache-Control") == "no-store"
    assert hydrant.admin.request("HEAD", PATH).status == 200
    assert hydrant.admin.request("POST", PATH, "").status == 405
    assert hydrant.public.get(PATH).status == 404


def test_it_needs_no_token_but_a_page_in_a_browser_cannot_read_it(start):
    guarded = start({"serve": {"admin": {"token": "an-admin-token-of-more-than-32-characters"}}})
    assert guarded.admin.get(PATH).status == 200 and guarded.admin.get("/admin/clients").status == 401
    assert guarded.admin.get(PATH, {"Origin": "https://evil.example.com"}).status == 403
    assert guarded.admin.get(PATH, {"Host": "rebound.example.com"}).status == 403
    assert guarded.admin.get(PATH + "/").status == 401


# ---- Kratos, database, keys, clients ----

def test_calls_to_kratos_are_counted_by_what_came_back(start, kratos, session):
    hydrant = start()

    def calls():
        return growth(hydrant, "hydrant_kratos_calls_total", lambda: hydrant.exchange(session), "call", "outcome")

    assert calls() == {("whoami", "200"): 1}
    kratos.fault(path="whoami", status=401, count=1)
    assert calls() == {("whoami", "401"): 1, ("ready", "200"): 1, ("whoami", "200"): 1}
    kratos.fault(path="whoami", status=500, count=1)
    assert calls() == {("whoami", "5xx"): 1}
    kratos.fault(path="whoami", delay_ms=3000, count=1)
    assert calls() == {("whoami", "late"): 1}
    assert value_of(hydrant, "hydrant_kratos_call_duration_seconds_count", call="whoami") == 5


def test_simultaneous_exchanges_of_one_session_show_as_fewer_calls_than_exchanges(start, kratos, session):
    hydrant = start({"serve": {"workers": 1}})
    kratos.fault(path="whoami", delay_ms=300, count=1)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert {future.result().status for future in [pool.submit(hydrant.exchange, session) for _ in range(8)]} == {200}
    assert value_of(hydrant, "hydrant_exchanges_total", subject_token_type="kratos_session", outcome="issued") == 8
    assert value_of(hydrant, "hydrant_kratos_calls_total", call="whoami", outcome="200") < 8


def test_what_is_asked_of_the_database_is_counted_with_its_wait(hydrant, session):
    def refresh():
        assert hydrant.refresh(hydrant.exchange(session).json["refresh_token"]).status == 200

    by_itself = {"list_endings", "list_keys", "pulse", "sweep"}  # what the server asks, at times of its own
    asked = growth(hydrant, "hydrant_storage_wait_seconds_count", refresh, "verb")
    assert {verb: count for verb, count in asked.items() if verb not in by_itself} == {"store_grant": 1, "rotate": 1}
    (grown,) = growth(hydrant, "hydrant_storage_batch_size_sum", refresh).values()
    assert 2 <= grown <= 2 + len(by_itself)
    assert value_of(hydrant, "hydrant_storage_queue_length") == 0


def test_the_connections_to_postgres_are_shown_by_state(hydrant, on_postgres):
    states = {dict(labels)["state"]: value for (name, labels), value in samples(hydrant).items() if name == "hydrant_storage_connections"}
    assert sum(states.values()) == (2 * 3 if on_postgres else 0)
    assert states["free"] + states["busy"] == sum(states.values())


def test_signatures_and_ages_are_shown_by_key(hydrant, session):
    said = hydrant.exchange(session).json["access_token"]
    kid = header_of(said)["kid"]
    assert value_of(hydrant, "hydrant_signatures_total", kid=kid, algorithm="ES256") >= 1
    ages = {dict(labels)["kid"]: (dict(labels)["state"], value) for (name, labels), value in samples(hydrant).items() if name == "hydrant_key_age_seconds"}
    assert set(ages) == {key["kid"] for key in hydrant.jwks()["keys"]}
    assert ages[kid][0] == "active" and ages[kid][1] >= 0
    rotates = value_of(hydrant, "hydrant_key_next_rotation_timestamp_seconds", algorithm="ES256")
    assert time.time() < rotates < time.time() + 31 * 24 * 3600
    assert 0 <= value_of(hydrant, "hydrant_key_view_age_seconds") < 60


def test_keys_that_come_and_go_leave_a_bounded_number_of_rows_and_the_same_total(start, own_dsn, session):
    hydrant = start({"dsn": own_dsn(), "serve": {"workers": 1}})
    for _ in range(18):
        assert hydrant.exchange(session, client="exchange-only").status == 200
        assert hydrant.admin.post_json("/admin/keys/rotate", {"fresh": True}).status == 200
    signed = {dict(labels)["kid"]: value for (name, labels), value in samples(hydrant).items() if name == "hydrant_signatures_total"}
    assert sum(signed.values()) == 18 and len(signed) == 17 and signed["other"] == 2


def test_clients_that_fail_to_authenticate_are_counted_by_why(start, session):
    hydrant = start()

    def failures(**how):
        return growth(hydrant, "hydrant_client_authentication_failures_total", lambda: hydrant.exchange(session, **how), "reason")

    assert failures(client="nobody-has-this-name") == {"unknown_client": 1}
    assert failures(client=None, client_id="spa", client_secret="x") == {"wrong_method": 1}
    assert failures(client=None) == {"malformed": 1}
    assert failures(client=None, client_id="poster", client_secret="wrong") == {"wrong_secret": 1}
    for _ in range(9):
        hydrant.exchange(session, client=None, client_id="poster", client_secret="wrong")
    assert value_of(hydrant, "hydrant_lockouts_total") == 1
    assert failures(client="poster") == {"locked_out": 1}
    assert value_of(hydrant, "hydrant_lockouts_total") == 1


# ---- requests and connections ----

def test_a_request_is_counted_by_listener_endpoint_method_and_status(start):
    hydrant = start()
    shown = ("listener", "endpoint", "method", "status")

    def requests(act):
        grown = growth(hydrant, "hydrant_requests_total", act, *shown)
        assert grown.pop(("admin", "metrics", "GET", "200")) == 1  # the look itself
        return grown

    hydrant.admin.get(PATH)
    assert requests(lambda: hydrant.public.get("/.well-known/jwks.json")) == {("public", "jwks", "GET", "200"): 1}
    assert requests(lambda: hydrant.public.request("HEAD", "/version")) == {("public", "version", "HEAD", "200"): 1}
    assert requests(lambda: hydrant.admin.get("/admin/clients")) == {("admin", "list_clients", "GET", "200"): 1}
    assert requests(lambda: hydrant.public.get("/nothing-here")) == {("public", "-", "GET", "404"): 1}
    assert requests(lambda: hydrant.public.request("PROPFIND", "/oauth2/token")) == {("public", "-", "other", "405"): 1}
    assert requests(lambda: hydrant.admin.get("/admin/clients", {"Origin": "https://x.example"})) == {("admin", "list_clients", "GET", "403"): 1}
    assert requests(lambda: hydrant.public.request("POST", "/oauth2/token", "x" * 70000)) == {("public", "-", "POST", "413"): 1}
    assert growth(hydrant, "hydrant_request_duration_seconds_count", lambda: hydrant.public.get("/version"), "endpoint") == {"version": 1, "metrics": 1}


def test_what_is_open_and_under_way_is_shown_as_it_is_now(start, kratos, session):
    hydrant = start()
    quiet = [socket.create_connection((hydrant.public.host, hydrant.public.port)) for _ in range(3)]
    kratos.fault(path="whoami", delay_ms=1000, count=1)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(hydrant.exchange, session)
        time.sleep(0.4)
        assert value_of(hydrant, "hydrant_connections_open", listener="public") == 4
        assert value_of(hydrant, "hydrant_requests_in_flight") == 2  # with the look itself
        assert asked.result().status == 200
    for connection in quiet:
        connection.close()
    until = time.monotonic() + SOON_S
    while value_of(hydrant, "hydrant_connections_open", listener="public") != 0:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert value_of(hydrant, "hydrant_requests_in_flight") == 1


def test_a_request_that_never_arrives_is_a_connection_cut_and_a_408(start):
    hydrant = start()
    with socket.create_connection((hydrant.public.host, hydrant.public.port)) as slow, socket.create_connection((hydrant.public.host, hydrant.public.port)):
        slow.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n")
        slow.settimeout(20)
        assert slow.recv(100).startswith(b"HTTP/1.1 408")
        time.sleep(0.5)
        assert value_of(hydrant, "hydrant_connections_cut_total", listener="public", reason="slow") == 1
        assert value_of(hydrant, "hydrant_connections_cut_total", listener="public", reason="never_asked") == 1
        assert value_of(hydrant, "hydrant_requests_total", listener="public", endpoint="-", method="other", status="408") == 1


# ---- what must not be in it ----

def test_nothing_that_a_stranger_sends_becomes_a_label_and_no_token_client_or_person_is_in_it(start, kratos):
    hydrant = start()
    session = kratos.session(email="person@example.org")
    said = hydrant.exchange(session).json
    hydrant.refresh(said["refresh_token"], headers={"X-Request-Id": "marked-request-id", "User-Agent": "marked-agent"})
    before = len(samples(hydrant))
    for i in range(200):
        mark = "marked%d" % i
        hydrant.public.request("MARKED%d" % i, "/" + mark)
        hydrant.public.get("/%s?%s=1" % (mark, mark), {"Host": mark, "X-Forwarded-For": "192.0.2.%d" % i})
        hydrant.exchange({"session_token": mark}, client=mark, scope=mark, audience=mark, subject_token_type=mark)
        hydrant.token({"grant_type": mark, "client_id": mark}, client=None)
        hydrant.revoke(mark, client=mark)
    page = scrape(hydrant)
    assert "marked" not in page.lower()
    assert len(samples(hydrant)) < before + 150  # statuses and endpoints that had not been there yet; the histogram of an endpoint is 16
    secrets = [said["access_token"], said["refresh_token"], session["session_token"], session["session_id"], session["identity_id"], session["cookie"], "person@example.org"]
    for secret in secrets + ["spa", "127.0.0.1", *hydrant.settings["secrets"]["system"]]:
        assert secret not in page


# ---- under load, and in trouble ----

def test_scrapes_under_load_are_answered_and_counters_never_fall(start, kratos):
    hydrant = start({"refresh_token": {"coalesce": "0s"}})
    until = time.monotonic() + 2

    def refresh():
        token, done = hydrant.exchange(kratos.session()).json["refresh_token"], 0
        while time.monotonic() < until:
            answer = hydrant.refresh(token)
            assert answer.status == 200, answer
            token, done = answer.json["refresh_token"], done + 1
        return done

    def watch():
        seen, scrapes = {}, 0
        while time.monotonic() < until:
            now = {key: value for key, value in samples(hydrant).items() if key[0].endswith(("_total", "_count", "_bucket"))}
            assert all(now[key] >= value for key, value in seen.items())
            seen, scrapes = now, scrapes + 1
        return scrapes

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        refreshes = [pool.submit(refresh) for _ in range(4)]
        assert all(future.result() > 2 for future in [pool.submit(watch) for _ in range(2)])
        done = sum(future.result() for future in refreshes)
    assert value_of(hydrant, "hydrant_refreshes_total", outcome="rotated") == done
    assert value_of(hydrant, "hydrant_storage_wait_seconds_count", verb="rotate") >= done  # more where a slow machine makes a look due
    assert sum(value for (name, _), value in samples(hydrant).items() if name == "hydrant_signatures_total") == done + 4


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_with_postgres_away_the_page_is_there_at_once_and_says_so(start, away, session, how):  # noqa: F811
    hydrant = start()
    token = hydrant.exchange(session).json["refresh_token"]
    away(how)
    time.sleep(1)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(hydrant.refresh, token)
        time.sleep(0.2)
        began = time.monotonic()
        scrape(hydrant)
        assert time.monotonic() - began < 1
        assert asked.result().status == 503
    failures = {dict(labels)["reason"]: value for (name, labels), value in samples(hydrant).items() if name == "hydrant_storage_failures_total" and dict(labels)["verb"] == "rotate"}
    assert failures["away"] + failures["late"] == 1
    assert value_of(hydrant, "hydrant_refreshes_total", outcome="unavailable") == 1
    away.back()
    await_status(hydrant, "/health/ready", 200)


def test_the_process_is_described_in_prometheus_standard_names(start):
    began = time.time()
    hydrant = start()
    version = hydrant.public.get("/version").json["version"]
    assert value_of(hydrant, "hydrant_build_info", version=version) == 1
    assert began - 1 <= value_of(hydrant, "process_start_time_seconds") <= time.time()
    assert value_of(hydrant, "process_cpu_seconds_total") > 0 and value_of(hydrant, "process_resident_memory_bytes") > 1 << 20
    assert_a_connection_is_a_descriptor(hydrant)


def assert_a_connection_is_a_descriptor(hydrant):
    """others come and go: those to the database"""
    seen = []
    while len(seen) < 20 and not any(after == before + 1 for before, after in seen):
        before = value_of(hydrant, "process_open_fds")
        with socket.create_connection((hydrant.public.host, hydrant.public.port)):
            time.sleep(0.1)
            seen.append((before, value_of(hydrant, "process_open_fds")))
    assert seen[-1][1] == seen[-1][0] + 1 and value_of(hydrant, "process_max_fds") > seen[-1][1], seen
