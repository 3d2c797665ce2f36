"""The benchmark's own checks can fail: no figure comes of a run whose sums are wrong, of an answer that is none, or of a machine that gives up."""
import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "http")]
import bench_plot  # noqa: E402
import bench_table  # noqa: E402
import load  # noqa: E402
from bench_site import Site, SqliteDatabase  # noqa: E402
from parts import Kratos  # noqa: E402
from process_counters import Cpu  # noqa: E402
from soundness import NotSound, check_exchanges, check_refreshes  # noqa: E402

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


# ---- the load generator and servers that answer oddly ----

@pytest.fixture
def server():
    """answers each request with the next of what it is given, the last one over and over: a list of pieces, sent one after the other; None cuts"""
    listener = socket.create_server(("127.0.0.1", 0))
    answers = []

    def serve(connection):
        with connection, contextlib.suppress(ConnectionError):
            while connection.recv(65536):
                pieces = answers.pop(0) if len(answers) > 1 else answers[0]
                for piece in pieces:
                    if piece is None:
                        return
                    connection.sendall(piece)
                    threading.Event().wait(0.002 if len(pieces) > 1 else 0)

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    def start(*given):
        answers[:] = given
        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]
    yield start
    listener.close()


def one(port, requests=1, **options):
    return load.run(port, load.get("/x"), 1, 10, requests=requests, **options)


@pytest.mark.parametrize("pieces", [[OK], [OK[:5], OK[5:20], OK[20:-1], OK[-1:]], [b"HTTP/1.1 200 OK\r\ncontent-length:2 \r\nX-Content-Length: 9\r\n\r\n", b"h", b"i"]], ids=("at once", "in pieces", "with other lengths"))
def test_an_answer_counts_once_it_is_whole(server, pieces):
    result = one(server(pieces), requests=3)
    assert result["good"] == result["requests"] == 3 and result["failed"] == result["unanswered"] == 0


@pytest.mark.parametrize("answer, why", [
    (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "does not begin with HTTP/1.1"),
    (b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n", "no status"),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, "an interim one"),
    (b"HTTP/1.1 200 OK\r\n\r\nhi", "not one Content-Length"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "not one Content-Length"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", "not one Content-Length"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nhi", "not one Content-Length"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", "not one Content-Length"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhi", "not one Content-Length"),
    (OK + OK, "more follows"),
    (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 3000, "its head does not end"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"x" * 900000, "too long"),
], ids=range(12))
def test_an_odd_answer_ends_the_run(server, answer, why):
    with pytest.raises(load.LoadFailed, match=why):
        one(server([answer]))


@pytest.mark.parametrize("pieces", [[None], [OK[:20], None]], ids=("at once", "in the middle"))
def test_a_connection_that_is_cut_ends_the_run(server, pieces):
    with pytest.raises(load.LoadFailed, match="closed a connection|recv"):
        one(server(pieces))


@pytest.mark.parametrize("options", [{"expect": 400}, {"next": "token"}])
def test_another_status_than_the_expected_and_a_missing_successor_fail_the_run(server, options):
    words = ["abcdef"] if "next" in options else []
    request = load.post_form("/x", ["token"], 6) if words else load.get("/x")
    with pytest.raises(load.LoadFailed, match='"failed":1'):
        load.run(server([OK]), request, 1, 10, words, requests=1, **options)


def successor(token):
    body = b'{"token":"%s","other":"x"}' % token
    return [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)]


@pytest.mark.parametrize("given, repeated", [(["bbbbbb", "cccccc", "dddddd"], 0), (["bbbbbb", "bbbbbb", "cccccc"], 1), (["bbbbbb", "aaaaaa", "cccccc"], 1)])
def test_a_successor_that_was_there_before_is_counted(server, given, repeated):
    port = server(*(successor(token.encode()) for token in given))
    result = load.run(port, load.post_form("/x", ["token"], 6), 1, 10, ["aaaaaa"], requests=3, next="token")
    assert result["good"] == 3 and result["repeated"] == repeated


def test_a_successor_of_another_length_is_none(server):
    with pytest.raises(load.LoadFailed):
        load.run(server(successor(b"bbbbbbb")), load.post_form("/x", ["token"], 6), 1, 10, ["aaaaaa"], requests=1, next="token")


def test_fewer_words_than_clients_are_refused(server):
    with pytest.raises(load.LoadFailed, match="fewer words"):
        load.run(server([OK]), load.post_form("/x", ["token"], 6), 2, 10, ["aaaaaa"])


# ---- the run is held to the database ----

@pytest.fixture(scope="module")
def site():
    kratos = Kratos()
    with tempfile.TemporaryDirectory() as folder:
        with Site(kratos, SqliteDatabase(folder + "/bench.db")) as made:
            yield made
    kratos.stop()


def test_a_sound_run_gives_figures(site):
    result = site.refresh(site.exchanged_words(4), 4, 0.3)
    assert result["good"] > 4 and result["per_s"] > 0 and 0 < result["p50_ms"] <= result["p99_ms"]


@pytest.mark.parametrize("change", ["+ 1", "- 1"])
def test_a_database_that_counts_otherwise_gives_no_figure(site, change, monkeypatch):
    words, run = site.exchanged_words(4), load.run

    def tampered(*arguments, **options):
        result = run(*arguments, **options)
        with sqlite3.connect(site.database.path) as db:
            db.execute("UPDATE grant_state SET gen = gen %s WHERE grant_id = (SELECT grant_id FROM grant_state ORDER BY gen DESC LIMIT 1)" % change)
        return result
    monkeypatch.setattr(load, "run", tampered)
    with pytest.raises(NotSound, match="the database has"):
        site.refresh(words, 4, 0.2)


def test_a_token_presented_by_two_gives_no_figure(site):
    """coalesced or retried, the two get one successor"""
    word = site.exchanged_words(1)[0]
    with pytest.raises((NotSound, load.LoadFailed)):
        site.refresh([word, word], 2, 0.3)


@pytest.mark.parametrize("change", [{"failed": 1}, {"unanswered": 1}, {"requests": 6}, {"repeated": 1}, {"good": 4, "requests": 4}])
def test_wrong_sums_are_not_sound(change):
    sound = {"requests": 5, "good": 5, "failed": 0, "unanswered": 0, "repeated": 0}
    check_refreshes(sound, 5)
    with pytest.raises(NotSound):
        check_refreshes({**sound, **change}, 5)


def test_exchanges_are_held_to_the_grants_that_are_new():
    check_exchanges({"good": 5}, 5)
    with pytest.raises(NotSound):
        check_exchanges({"good": 5}, 4)


def test_processor_time_is_that_of_the_processes_that_live_on():
    busy, ended = (subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(2))
    time.sleep(0.1)
    with Cpu(both=[busy.pid, ended.pid], ended=[ended.pid], itself=[os.getpid()]) as cpu:
        ended.kill()
        ended.wait()
        time.sleep(0.2)
    busy.kill()
    busy.wait()
    assert cpu.us["ended"] == 0 and 10000 < cpu.us["both"] < 400000 and cpu.us["itself"] < cpu.us["both"]


# ---- what is printed ----

ROW = {"per_s": 1000.0, "p50_ms": 1.5, "p99_ms": 4.0, "server_us": 40.0, "postgres_us": 20.0, "cpu_us": 9.0}
RUN = {"date": "2026-01-02", "rounds": 5, "seconds": 2, "grants": 1000000, "others": [0.01, 0.04], "notes": {"memory_connections": "fewer"}, "failed": {"look": "a reason"},
       "machine": {"processor": "P", "cores": 2, "kernel": "6", "postgres": "15.1", "nginx": "nginx/1", "commit": "abc", "changed": False,
                   "settings": {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "128MB"}},
       "figures": {"refresh_ratio": 2.5, "refresh_p99": 15.1}, "where": {"server": {"kernel": 12.5}, "Postgres": {"kernel": 7.5}},
       "by_clients": {"postgres": {"1": ROW, "128": {**ROW, "pgbench_per_s": 400.0}}, "sqlite": {}}}


@pytest.mark.parametrize("style", [bench_table.PLAIN, bench_table.MARKDOWN])
def test_the_table_says_what_is_met_what_is_missed_and_what_has_no_figure(style):
    lines = bench_table.write_run(RUN, style, {"figures": {"refresh_ratio": 1.25}}).split("\n")

    def cells(of):
        line = next(line for line in lines if of in line)
        return line.replace("|", " ").split()
    assert cells("pgbench's best")[-5:] == ["2.50", ">=", "2.00", "yes", "2.00"]
    assert cells("p99 at 128")[-6:] == ["15.1", "ms", "<=", "15.0", "ms", "no"]
    assert "(1)" in cells("10,000 idle") and "(1) fewer" in lines
    assert 'No figure from "look": a reason' in lines
    assert cells("together")[-1] == "20.0"
    assert not any("session each time" in line for line in lines)


@pytest.mark.parametrize("others, busy", [([0.01, 0.04], False), ([0.3, 0.01], True), ([0.01, 0.3], True)])
def test_a_run_beside_others_says_so(others, busy):
    assert ("no figures of a quiet machine" in bench_table.write_run({**RUN, "others": others}, bench_table.PLAIN)) == busy


def test_the_table_takes_its_place_in_a_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n%s\nold\n%s\nafter\n" % (bench_table.BEGIN, bench_table.END))
    for text in ("new", "newer"):
        bench_table.put_into(page, text)
    assert page.read_text() == "before\n%s\nnewer\n%s\nafter\n" % (bench_table.BEGIN, bench_table.END)


def test_an_earlier_run_is_shown_and_drawn_without_measuring(tmp_path):
    given, plot = tmp_path / "run.json", tmp_path / "plot.svg"
    given.write_text(json.dumps(RUN))
    done = subprocess.run([sys.executable, os.path.join(HERE, "bench.py"), "--from", str(given), "--plot", str(plot)], capture_output=True, text=True)
    assert "2.50" in done.stdout and done.returncode == 1  # a part of it has no figure
    assert plot.read_text().startswith("<svg") and "128 clients 1000 refreshes/s" in plot.read_text()


@pytest.mark.parametrize("value, up", [(0.3, 0.5), (1, 1), (1.1, 2), (2.2, 2.5), (4500, 5000), (7000, 10000)])
def test_axes_end_at_round_numbers(value, up):
    assert bench_plot.round_up(value) == up
