"""What must work, what two parsers could read in two ways, and sizes: held against RFC 9110, RFC 9112 and our own limits.

usage: framing.py ECHO_SERVER; see asking.py.
"""
import json

from asking import END, GET, MAIN, POST, STATE, ask, check, expect, is_json_error, refused, request, run_checks

# ---- what must work ----


@check
def a_plain_request_is_answered_and_the_connection_stays_open():
    expect(request(GET), 200, state="open")


@check
def two_requests_in_one_packet_are_both_answered_in_their_order():
    first, second = expect(request("GET /echo?1 HTTP/1.1") + request("GET /echo?2 HTTP/1.1"), 200, 200, state="open")
    assert (json.loads(first.body)["query"], json.loads(second.body)["query"]) == ("1", "2")


@check
def a_body_with_a_length_arrives_whole():
    (answer,) = expect(request(POST, "Content-Length: 5", body=b"hello"), 200, state="open")
    assert json.loads(answer.body)["body"] == "hello"


@check
def an_empty_body_is_not_an_absent_one():
    (answer,) = expect(request(POST, "Content-Length: 0"), 200, state="open")
    assert json.loads(answer.body)["body"] == ""
    (answer,) = expect(request(POST), 200, state="open")
    assert json.loads(answer.body)["body"] is None


@check
def a_body_of_exactly_64_kib_is_taken():
    (answer,) = expect(request(POST, "Content-Length: 65536", body=b"x" * 65536), 200, state="open", wait=2)
    assert len(json.loads(answer.body)["body"]) == 65536


@check
def a_client_that_waits_for_100_continue_gets_it():
    expect(request(POST, "Expect: 100-continue", "Content-Length: 5", body=b"hello"), 100, 200, state="open")


@check
def http_1_0_needs_no_host_and_ends_with_the_answer():
    expect(request("GET /echo HTTP/1.0", host=None), 200, state="closed")


@check
def an_empty_line_before_the_request_is_forgiven():
    expect(b"\r\n" + request(GET), 200, state="open")


@check
def a_head_of_31_kib_is_taken():
    expect(request(GET, "X-A: " + "a" * 31000), 200, state="open")


@check
def an_absolute_target_is_understood_and_its_host_wins():
    (answer,) = expect(request("GET http://there.example:81/echo?a=b HTTP/1.1", host="Host: here.example"), 200, state="open")
    said = json.loads(answer.body)
    assert (said["host"], said["path"], said["query"]) == ("there.example:81", "/echo", "a=b")


@check
def an_offer_to_upgrade_to_http_2_is_not_taken_up():
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
    expect(request(GET, *offer), 200, state="closed")  # libh2o keeps alive only who says keep-alive beside other words


@check
def a_large_answer_arrives_whole():
    (answer,) = expect(request("GET /big HTTP/1.1"), 200, state="open", wait=2)
    assert answer.body == b"x" * (1 << 20)


@check
def an_answer_without_content_has_neither_length_nor_body():
    (answer,) = expect(request("GET /empty HTTP/1.1"), 204, state="open")
    assert "content-length" not in answer.headers and "transfer-encoding" not in answer.headers, answer.headers


# ---- framing that two parsers could read in two ways: RFC 9112 ----

SMUGGLED = [
    ("a length and a coding", request(POST, "Content-Length: 5", "Transfer-Encoding: chunked", body=END)),
    ("a coding and a length", request(POST, "Transfer-Encoding: chunked", "Content-Length: 5", body=END)),
    ("a request hidden behind both", request(POST, "Content-Length: 5", "Transfer-Encoding: chunked", body=END + request(GET))),
    ("two lengths that differ", request(POST, "Content-Length: 5", "Content-Length: 6", body=b"hello!")),
    ("two lengths that agree", request(POST, "Content-Length: 5", "Content-Length: 5", body=b"hello")),
    ("two lengths in one", request(POST, "Content-Length: 5, 5", body=b"hello")),
    ("a length with a sign", request(POST, "Content-Length: +5", body=b"hello")),
    ("a negative length", request(POST, "Content-Length: -5", body=b"hello")),
    ("a length of nothing", request(POST, "Content-Length: ", body=b"")),
    ("a length that isn't a number", request(POST, "Content-Length: 0x5", body=b"hello")),
    ("a length past 64 bits", request(POST, "Content-Length: 18446744073709551621", body=b"hello")),
    ("two codings", request(POST, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=END)),
    ("another coding", request(POST, "Transfer-Encoding: gzip, chunked", body=END)),
    ("a coding called identity", request(POST, "Transfer-Encoding: identity", body=END)),
    ("a coding in HTTP/1.0", request("POST /echo HTTP/1.0", "Transfer-Encoding: chunked", body=END)),
    ("a broken chunk", request(POST, "Transfer-Encoding: chunked", body=b"zz\r\nhello\r\n0\r\n\r\n")),
    ("no Host", request(GET, host=None)),
    ("two Hosts", request(GET, "Host: y")),
    ("a Host with a user", request(GET, host="Host: a@b")),
    ("a Host with a path", request(GET, host="Host: a/b")),
    ("a Host of two words", request(GET, host="Host: a b")),
    ("a target with a user", request("GET http://a@b/echo HTTP/1.1")),
    ("a folded line", request(GET, "X-A: a", " b")),
    ("a line folded with a tab", request(GET, "X-A: a", "\tContent-Length: 5")),
    ("bare line feeds", b"GET /echo HTTP/1.1\nHost: x\n\n"),
    ("one bare line feed", b"GET /echo HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n"),
    ("a bare carriage return", request(GET, "X-A: a\rX-B: b")),
    ("a space before the colon", request(POST, "Content-Length : 5", body=b"hello")),
    ("a NUL in a value", request(GET, "X-A: a\0b")),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"),
    ("TLS on the plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    ("a hundred and fifty headers", request(GET, *[f"X-{i}: a" for i in range(150)])),
]


@check
def whatever_two_parsers_could_read_in_two_ways_is_400_and_ends_the_connection():
    wrong = []
    for name, data in SMUGGLED:
        answers = ask(MAIN.plain, data, wait=4)
        if [answer.status for answer in answers] != [400] or STATE.value != "closed":
            wrong.append(f"{name}: {[answer.status for answer in answers]} {STATE.value}")
    assert not wrong, "\n".join(wrong)


# Each of these ends, for one parser or another, in a place of its own.
CHUNKS = [
    ("plain chunks", b"5\r\nhello\r\n" + END),
    ("no chunk at all", END),
    ("an extension", b"5;a=b\r\nhello\r\n" + END),
    ("an extension with a bare line feed", b"5;\nhello\r\n" + END),
    ("a size with a bare line feed", b"5\nhello\r\n" + END),
    ("a chunk with a bare line feed behind it", b"5\r\nhello\n" + END),
    ("a trailer", b"5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n"),
    ("a trailer with bare line feeds", b"0\nTrailer: x\n\n"),
]


@check
def a_request_with_a_transfer_coding_is_411_and_nothing_behind_it_is_read():
    wrong = []
    for name, chunks in CHUNKS:
        answers = ask(MAIN.plain, request(POST, "Transfer-Encoding: chunked", body=chunks) + request(GET), wait=4)
        if [answer.status for answer in answers] != [411] or STATE.value != "closed":
            wrong.append(f"{name}: {[answer.status for answer in answers]} {STATE.value}")
    assert not wrong, "\n".join(wrong)
    is_json_error(refused(request("GET /nothing HTTP/1.1", "transfer-encoding: Chunked", body=END), 411))


@check
def our_own_400_is_json_under_an_id():
    is_json_error(refused(request(GET, "Host: y"), 400))
    is_json_error(refused(request(POST, "Content-Length: +5", body=b"hello"), 400))


@check
def a_good_request_before_a_bad_one_is_still_answered():
    expect(request(GET) + request(POST, "Content-Length: 5", "Transfer-Encoding: chunked", body=END), 200, 400, state="closed", wait=4)


@check
def an_unknown_expectation_is_417():
    is_json_error(refused(request(POST, "Expect: a-miracle", "Content-Length: 5", body=b"hello"), 417))


# ---- sizes ----


@check
def a_head_over_32_kib_is_431_whole_or_not():
    is_json_error(refused(request(GET, "X-A: " + "a" * 40000), 431))
    is_json_error(refused(request(GET, *[f"X-{i}: " + "a" * 2000 for i in range(95)]), 431))
    is_json_error(refused(b"GET /echo HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 40000, 431))


@check
def a_target_over_8_kib_is_414():
    is_json_error(refused(request("GET /echo?" + "a" * 9000 + " HTTP/1.1"), 414))


@check
def a_body_over_64_kib_is_413_and_the_answer_arrives_though_the_client_still_sends():
    is_json_error(refused(request(POST, "Content-Length: 65537", body=b"x" * 65537), 413))
    is_json_error(refused(request(POST, "Content-Length: 8000000", body=b"x" * 8000000), 413))
    assert STATE.sent, "the connection was reset under a client that still sent"
    chunks = (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 120 + END
    is_json_error(refused(request(POST, "Transfer-Encoding: chunked", body=chunks), 413))
    assert STATE.sent, "the connection was reset under a client that still sent"


@check
def a_400_is_not_lost_either_when_more_is_on_its_way():
    is_json_error(refused(request(GET, "Host: y") + b"x" * 8000000, 400))
    assert STATE.sent, "the connection was reset under a client that still sent"


run_checks()
