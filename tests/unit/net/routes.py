"""Which path and method reaches what, under which id, whose origin and with what line in the log: RFC 9110.

usage: routes.py ECHO_SERVER; see asking.py.
"""
import json, re

from asking import END, GET, MAIN, POST, Server, ask, check, expect, is_json_error, refused, request, run_checks

PROXIED = Server("trust=127.0.0.1", "trust=10.0.0.0/8", "workers=1")


# ---- routes ----


@check
def an_unknown_path_is_404_and_another_spelling_of_a_path_is_unknown():
    for path in ("/", "/nothing", "/echo/", "//echo", "/%65cho", "/items/", "/items/a/b", "/items/%zz", "/items/a%00", "*"):
        (answer,) = expect(request(f"GET {path} HTTP/1.1"), 404, state="open")
        is_json_error(answer)


@check
def another_method_is_405_and_names_the_ones_there_are():
    (answer,) = expect(request("DELETE /echo HTTP/1.1"), 405, state="open")
    is_json_error(answer)
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS", answer.headers
    (answer,) = expect(request("OPTIONS /static HTTP/1.1"), 405, state="open")
    assert answer.headers["allow"] == "GET, HEAD", answer.headers
    expect(request("BREW /static HTTP/1.1"), 405, state="open")


@check
def options_reaches_a_route_that_lists_it():
    expect(request("OPTIONS /echo HTTP/1.1"), 204, state="open")


@check
def head_is_answered_like_get_without_the_body():
    (answer,) = ask(MAIN.plain, request("HEAD /static HTTP/1.1"), head_only=True)
    assert answer.status == 200 and answer.headers["content-length"] == "11"


@check
def a_segment_is_decoded_once_and_a_plus_stays_one():
    (answer,) = expect(request("GET /items/a%20b+%2f%2525?x HTTP/1.1"), 200, state="open")
    assert json.loads(answer.body)["segment"] == "a b+/%25"


@check
def a_route_that_ends_open_takes_whatever_follows_and_any_method():
    (answer,) = expect(request("BREW /open/tea/with/milk HTTP/1.1"), 200, state="open")
    assert (json.loads(answer.body)["segment"], json.loads(answer.body)["method"]) == ("tea", "BREW")
    expect(request("GET /open/tea HTTP/1.1"), 200, state="open")


@check
def a_header_is_found_whatever_its_case_and_counted():
    (answer,) = expect(request(GET, "X-a:  one  ", "x-A: two"), 200, state="open")
    assert (json.loads(answer.body)["x-a"], json.loads(answer.body)["x-a-count"]) == ("one", 2)


# ---- ids ----


@check
def a_good_request_id_is_kept_and_any_other_replaced():
    (answer,) = expect(request(GET, "X-Request-Id: a.B-c_9"), 200, state="open")
    assert answer.headers["x-request-id"] == "a.B-c_9" == json.loads(answer.body)["id"]
    for bad in ("", "a b", "a" * 65, "a\"b", "é"):
        (answer,) = expect(request(GET, "X-Request-Id: " + bad), 200, state="open")
        assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-request-id"]), answer.headers


@check
def a_trace_id_is_taken_from_a_good_traceparent():
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    for parent, want in ((f"00-{trace}-00f067aa0ba902b7-01", trace), (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
                         (f"00-{trace.upper()}-00f067aa0ba902b7-01", None), ("00-abc-def-01", None)):
        (answer,) = expect(request(GET, "traceparent: " + parent), 200, state="open")
        assert json.loads(answer.body)["trace_id"] == want, parent


# ---- the log ----


@check
def each_request_leaves_one_line_that_has_no_query_and_no_path():
    identity = "log-line-1"
    expect(request("POST /echo?secret=hush HTTP/1.1", "X-Request-Id: " + identity, "Authorization: Bearer hush",
                   "Content-Length: 4", body=b"hush"), 200, state="open")
    lines = MAIN.log_of(identity)
    assert len(lines) == 1, lines
    line = lines[0]
    assert (line["event"], line["endpoint"], line["method"], line["status"], line["client"]) == ("request", "echo", "POST", 200, "tester")
    assert line["duration_us"] >= 0 and line["level"] == "info" and "step" not in line
    assert "hush" not in json.dumps(line) and "/echo" not in json.dumps(line)


@check
def a_fault_leaves_its_step_its_kind_and_its_words_in_the_log():
    (answer,) = expect(request("GET /fail HTTP/1.1"), 503, state="open")
    (line,) = MAIN.log_of(answer.headers["x-request-id"])
    assert (line["level"], line["outcome"], line["step"], line["where"], line["reason"]) == \
        ("warn", "away", "away", "test: fail", "nobody is there"), line


@check
def what_net_refuses_by_itself_is_in_the_log_too():
    for data, status, outcome in ((request("GET /nothing HTTP/1.1"), 404, "unknown_path"),
                                  (request(POST, "Content-Length: 70000"), 413, "body_too_large"),
                                  (request(POST, "Transfer-Encoding: chunked", body=END), 411, "length_missing"),
                                  (request(GET, "Host: y"), 400, "malformed")):
        (answer,) = ask(MAIN.plain, data, wait=2.5)
        (line,) = MAIN.log_of(answer.headers["x-request-id"])
        assert (line["status"], line["outcome"], line["endpoint"]) == (status, outcome, "-"), line


# ---- answers that must not go out ----


@check
def a_header_that_could_end_its_line_becomes_a_500():
    for how in ("value", "lf", "nul", "name", "type"):
        (answer,) = expect(request(f"GET /inject?{how} HTTP/1.1"), 500, state="open")
        assert json.loads(answer.body)["error"] == "server_error"
        assert not {"set-cookie", "x-b", "c"} & set(answer.headers), answer.headers
    expect(request("GET /inject?nothing HTTP/1.1"), 200, state="open")


@check
def an_answer_of_an_arena_that_overflowed_is_a_500():
    expect(request("GET /overflow HTTP/1.1"), 500, state="open")


# ---- the gate ----


@check
def the_gate_guards_every_path_of_its_listener_and_no_other():
    for path in ("/echo", "/nothing"):
        expect(request(f"GET {path} HTTP/1.1"), 401, state="open", port=MAIN.gated)
    expect(request("DELETE /echo HTTP/1.1"), 401, state="open", port=MAIN.gated)
    expect(request(GET, "X-Key: open"), 200, state="open", port=MAIN.gated)
    expect(request("GET /nothing HTTP/1.1", "X-Key: open"), 404, state="open", port=MAIN.gated)


@check
def what_is_no_http_does_not_reach_the_gate():
    refused(request(GET, "X-Key: open", "Host: y"), 400, port=MAIN.gated)
    refused(request(POST, "Transfer-Encoding: chunked", body=END), 411, port=MAIN.gated)


# ---- proxies ----


def origin(server, *headers):
    (answer,) = expect(request(GET, *headers), 200, state="open", port=server.plain)
    said = json.loads(answer.body)
    return said["peer_ip"], said["secure"], said["from_proxy"]


@check
def nobody_is_believed_who_is_no_trusted_proxy():
    assert origin(MAIN, "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https") == ("127.0.0.1", False, False)


@check
def who_forwards_and_is_no_trusted_proxy_is_told_of_once_and_what_to_set():
    server = Server("trust=10.0.0.0/8", "workers=2")

    def told():
        return [line for line in server.log() if line["event"] == "forwarded_for_ignored"]

    origin(server)
    assert told() == []
    for i in range(4):
        origin(server, f"X-Forwarded-For: 198.51.100.{i}")
    (line,) = told()
    assert line["level"] == "warn" and "127.0.0.1" in line["text"] and "serve.trusted_proxies" in line["text"], line
    assert "198.51" not in line["text"], line
    assert server.stop() == 0, server.other_words
    trusting = Server("trust=127.0.0.1", "workers=1")
    origin(trusting, "X-Forwarded-For: 198.51.100.1")
    assert not [line for line in trusting.log() if line["event"] == "forwarded_for_ignored"]
    assert trusting.stop() == 0, trusting.other_words


@check
def behind_trusted_proxies_the_client_is_the_last_address_that_is_not_one():
    for headers, want in (
        ([], "127.0.0.1"),
        (["X-Forwarded-For: 1.2.3.4"], "1.2.3.4"),
        (["X-Forwarded-For: 6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        (["X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.9.8.7"], "1.2.3.4"),
        (["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 1.2.3.4,10.9.8.7"], "1.2.3.4"),
        (["X-Forwarded-For: 10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        (["X-Forwarded-For: 1.2.3.4:5678"], "1.2.3.4"),
        (["X-Forwarded-For: 2001:DB8::1"], "2001:db8::1"),
        (["X-Forwarded-For: [2001:db8::1]:443"], "2001:db8::1"),
        (["X-Forwarded-For: ::ffff:1.2.3.4"], "1.2.3.4"),
        (["X-Forwarded-For: unknown, 10.9.8.7"], "10.9.8.7"),
        (["X-Forwarded-For: <script>"], "127.0.0.1"),
        (["X-Forwarded-For: 1.2.3.4,"], "127.0.0.1"),
    ):
        got = origin(PROXIED, *headers)
        assert got == (want, False, True), (headers, got)
    assert origin(PROXIED, "X-Forwarded-Proto: https")[1]
    assert origin(PROXIED, "X-Forwarded-Proto: http, https")[1]
    assert not origin(PROXIED, "X-Forwarded-Proto: https, http")[1]


run_checks(PROXIED)
