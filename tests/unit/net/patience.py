"""How long the server waits for a slow peer and for a slow answer, and that a peer who leaves is noticed.

usage: patience.py ECHO_SERVER; see asking.py.
"""
import select, socket, time

from asking import GET, HALF, MAIN, POST, Server, check, connect, drip, expect, is_json_error, read_all, request, run_checks, take_answer, tls_context

IMPATIENT = Server("idle=1000", "workers=1")


# ---- patience ----


def is_cut_at_ten_seconds(first, piece):
    raw, seconds = drip(MAIN.plain, first, piece, 14)
    answer, rest = take_answer(raw)
    assert (answer.status, rest) == (408, b"") and 9.5 <= seconds <= 12.5, (answer.status, rest, seconds)
    is_json_error(answer)
    (line,) = MAIN.log_of(answer.headers["x-request-id"])
    assert (line["status"], line["outcome"]) == (408, "slow"), line


@check
def a_head_that_drips_is_408_after_ten_seconds():
    is_cut_at_ten_seconds(b"GET /echo HTTP/1.1\r\nHost: x\r\n", b"X-A: b\r\n")


@check
def a_body_that_drips_is_408_after_ten_seconds():
    is_cut_at_ten_seconds(request(POST, "Content-Length: 500"), b"a")


@check
def a_chunked_body_that_drips_is_408_after_ten_seconds():
    is_cut_at_ten_seconds(request(POST, "Transfer-Encoding: chunked"), b"1\r\na\r\n")


@check
def a_body_shorter_than_its_length_is_408_after_ten_seconds():
    is_cut_at_ten_seconds(request(POST, "Content-Length: 5", body=b"ab"), b"")


@check
def a_second_request_that_drips_is_cut_as_the_first_would_be():
    raw, seconds = drip(MAIN.plain, request("GET /static HTTP/1.1") + b"GET /echo HTTP/1.1\r\n", b"X-A: b\r\n", 14)
    first, rest = take_answer(raw)
    second, rest = take_answer(rest)
    assert (first.status, second.status, rest) == (200, 408, b"") and 9.5 <= seconds <= 12.5


@check
def an_idle_connection_is_closed_without_a_word():
    for first in (b"", request("GET /static HTTP/1.1")):
        raw, seconds = drip(IMPATIENT.plain, first, b"", 5)
        assert 0.9 <= seconds <= 2.5, seconds
        assert raw == b"" or take_answer(raw)[1] == b""


@check
def a_peer_that_does_not_take_its_answer_holds_up_nobody():
    with connect(MAIN.plain) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(request("GET /big HTTP/1.1") * 20)
        time.sleep(0.3)
        for _ in range(8):
            expect(request(GET), 200, state="open", wait=0.3)


@check
def a_connection_that_never_says_a_word_is_closed_after_ten_seconds_and_one_that_has_asked_is_not():
    with connect(MAIN.plain) as asked:
        asked.sendall(request("GET /static HTTP/1.1"))
        raw, seconds = drip(MAIN.plain, b"", b"", 14)
        assert raw == b"" and 9.5 <= seconds <= 12.5, seconds
        raw, state = read_all(asked, 2)
        assert take_answer(raw)[1] == b"" and state == "open"


@check
def over_tls_a_connection_that_never_says_a_word_is_closed_after_ten_seconds():
    begin = time.time()
    with socket.create_connection(("localhost", MAIN.tls)) as raw_connection:
        with tls_context().wrap_socket(raw_connection, server_hostname="localhost") as connection:
            raw, state = read_all(connection, 14)
    assert raw == b"" and state == "closed" and 9.5 <= time.time() - begin <= 12.5, (raw, state, time.time() - begin)


@check
def a_thousand_requests_that_drip_are_cut_at_once_after_ten_seconds():
    server = Server("workers=1")
    held = [connect(server.plain) for _ in range(1000)]
    for connection in held:
        connection.sendall(HALF)
    sent_at, poll, waiting = time.time(), select.poll(), len(held)
    for connection in held:
        poll.register(connection, select.POLLIN)
    while waiting > 0 and time.time() - sent_at < 14:
        for descriptor, _ in poll.poll(1000):
            poll.unregister(descriptor)
            waiting -= 1
    seconds = time.time() - sent_at
    assert waiting == 0 and seconds < 11.4, (waiting, seconds)
    for connection in held:
        assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")
        connection.close()
    assert server.stop() == 0, server.other_words


@check
def over_tls_a_request_that_drips_is_cut_after_ten_seconds():
    begin = time.time()
    with socket.create_connection(("localhost", MAIN.tls)) as raw_connection:
        with tls_context().wrap_socket(raw_connection, server_hostname="localhost") as connection:
            connection.sendall(b"GET /echo HTTP/1.1\r\n")
            raw, state = read_all(connection, 14)
    assert raw == b"" and state == "closed" and 9.5 <= time.time() - begin <= 12.5, (raw, state, time.time() - begin)


@check
def a_handshake_that_does_not_come_is_cut_after_ten_seconds():
    raw, seconds = drip(MAIN.tls, b"", b"", 14)
    assert raw == b"" and 9 <= seconds <= 12.5, seconds


# ---- waiting ----


@check
def a_request_that_waits_too_long_is_answered_at_its_deadline_and_what_it_waits_for_cancelled():
    begin = time.time()
    (answer,) = expect(request("GET /wait?20000 HTTP/1.1"), 503, state="open", wait=6)
    assert 4.4 <= time.time() - begin - 6 <= 5.2, time.time() - begin
    (line,) = MAIN.log_of(answer.headers["x-request-id"])
    assert (line["outcome"], line["step"]) == ("late", "wait"), line


@check
def a_short_wait_is_answered_and_a_second_request_behind_it_too():
    expect(request("GET /wait?300 HTTP/1.1") + request(GET), 200, 200, state="open", wait=1)


@check
def a_client_that_leaves_while_its_request_waits_is_noticed_and_the_wait_cancelled():
    for how in ("close", "half-close", "reset"):
        server = Server("workers=1")
        connection = connect(server.plain)
        connection.sendall(request("GET /wait?4000 HTTP/1.1", "X-Request-Id: leaver"))
        time.sleep(0.3)
        assert server.live()["waiting"] == 1
        if how == "half-close":
            connection.shutdown(socket.SHUT_WR)
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if how != "half-close":
            connection.close()
        time.sleep(0.3)
        live = server.live()
        assert (live["waiting"], live["cancelled"], live["left"], live["disposed"], live["open"]) == (0, 1, 1, 1, 1), (how, live)
        (line,) = server.log_of("leaver")
        assert (line["status"], line["outcome"], line["level"]) == (499, "left", "info"), line
        connection.close()
        assert server.stop() == 0, server.other_words


run_checks(IMPATIENT)
