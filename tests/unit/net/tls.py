"""What is spoken over TLS, and that the limits are the same there.

usage: tls.py ECHO_SERVER; see asking.py.
"""
import json, socket, ssl, warnings

from asking import GET, MAIN, POST, Server, check, drip, is_json_error, make_certificate, read_all, request, run_checks, take_answer, tls_context

warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.1 is asked for on purpose
RSA_CERT, RSA_KEY = make_certificate("rsa", "rsa:2048")


# ---- TLS ----


def tls_ask(context, data, wait=0.6):
    with socket.create_connection(("localhost", MAIN.tls)) as raw_connection:
        with context.wrap_socket(raw_connection, server_hostname="localhost") as connection:
            connection.sendall(data)
            raw, state = read_all(connection, wait)
            return take_answer(raw)[0], connection.version(), connection.selected_alpn_protocol()


@check
def tls_1_2_and_1_3_are_spoken_and_nothing_older():
    for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        answer, spoken, _ = tls_ask(tls_context(minimum_version=version, maximum_version=version), request(GET))
        assert (answer.status, spoken, json.loads(answer.body)["secure"]) == (200, name, True)
    old = tls_context()
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        tls_ask(old, request(GET))
        raise AssertionError("TLS 1.1 was spoken")
    except (ssl.SSLError, ConnectionResetError):
        pass


@check
def tls_1_2_is_spoken_with_forward_secrecy_and_sealed_records_only():
    server = Server(f"cert={RSA_CERT}", f"key={RSA_KEY}", "workers=1")

    def speaks(cipher):
        context = ssl.create_default_context(cafile=RSA_CERT)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(cipher)
        try:
            with socket.create_connection(("localhost", server.tls)) as raw_connection:
                with context.wrap_socket(raw_connection, server_hostname="localhost") as connection:
                    return connection.cipher()[0] == cipher
        except (ssl.SSLError, ConnectionResetError):
            return False

    good = ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305")
    bad = ("AES128-SHA", "AES256-SHA256", "AES256-GCM-SHA384", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES128-GCM-SHA256")
    assert [cipher for cipher in good + bad if speaks(cipher)] == list(good), [cipher for cipher in good + bad if speaks(cipher)]
    assert server.stop() == 0, server.other_words


@check
def of_http_2_and_http_1_1_the_server_chooses_the_latter():
    context = tls_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    answer, _, protocol = tls_ask(context, request(GET))
    assert (answer.status, protocol) == (200, "http/1.1")


@check
def over_tls_the_limits_are_the_same():
    answer, _, _ = tls_ask(tls_context(), request(POST, "Content-Length: 70000", body=b"x" * 70000), 3)
    is_json_error(answer)
    assert answer.status == 413
    answer, _, _ = tls_ask(tls_context(), request(GET, "Host: y"), 3)
    assert answer.status == 400
    answer, _, _ = tls_ask(tls_context(), request(POST, "Content-Length: 60000", body=b"y" * 60000), 1)
    assert len(json.loads(answer.body)["body"]) == 60000


@check
def plain_http_on_the_tls_port_is_closed():
    raw, seconds = drip(MAIN.tls, request(GET), b"", 5)
    assert seconds < 2 and not raw.startswith(b"HTTP"), raw


run_checks()
