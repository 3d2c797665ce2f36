"""An upstream that answers oddly, for tests/unit/net/client.c.

The request's path names the answer. Prints "name value" lines (ports, and the file of the authority's certificate), then
"ready"; ends when its standard input does.
"""
import os
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import warnings

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HI = OK + b"Content-Length: 2\r\n\r\nhi"
HEAD_MAX, BODY_MAX = 16 * 1024, 256 * 1024


def head_of(length):
    """An answer whose head is exactly that long."""
    frame = OK + b"Content-Length: 0\r\nX: " + b"\r\n\r\n"
    return OK + b"Content-Length: 0\r\nX: " + b"x" * (length - len(frame)) + b"\r\n\r\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


ANSWERS = {
    "hi": HI,
    "empty": OK + b"Content-Length: 0\r\n\r\n",
    "no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "no-content-chunked": b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
    "no-content-length": b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n",
    "not-modified": b"HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n",
    "error": b"HTTP/1.1 500 Oh no\r\nContent-Length: 3\r\nContent-Type: text/plain\r\n\r\nbad",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: /hi\r\nContent-Length: 0\r\n\r\n",
    "fields": OK + b"content-TYPE:  application/json \r\nSet-Cookie: a=1\r\nContent-Length: 2\r\nset-cookie: b=2; Path=/\r\n\r\n{}",
    "cookies": OK + b"".join(b"Set-Cookie: c%d=\r\n" % i for i in range(20)) + b"Content-Length: 0\r\n\r\n",
    "close": OK + b"Connection: keep-alive, Close\r\nContent-Length: 2\r\n\r\nhi",
    "http-1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "chunked": CHUNKED + chunk(b"hello") + chunk(b" you") + b"0\r\n\r\n",
    "Chunked": OK + b"Transfer-Encoding: Chunked\r\n\r\n" + chunk(b"hi") + b"0\r\n\r\n",
    "trailers": CHUNKED + b"2;why=none\r\nhi\r\n0\r\nX-Sum: 1\r\nSet-Cookie: t=1\r\n\r\n",
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + HI,
    "behind": HI + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong",
    "behind-chunks": CHUNKED + chunk(b"hi") + b"0\r\n\r\nX",
    "behind-no-content": b"HTTP/1.1 204 No Content\r\n\r\nX",
    "head-max": head_of(HEAD_MAX),
    "body-max": OK + b"Content-Length: %d\r\n\r\n" % BODY_MAX + b"x" * BODY_MAX,
    "chunks-max": CHUNKED + chunk(b"x" * 5000) * 52 + chunk(b"x" * (BODY_MAX - 260000)) + b"0\r\n\r\n",
    # from here on to be refused
    "head-over": head_of(HEAD_MAX + 1),
    "head-huge": OK + b"X: y\r\n" * 100000,
    "interim-endless": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10000,
    "many-fields": OK + b"X: y\r\n" * 200 + b"Content-Length: 0\r\n\r\n",
    "body-over": OK + b"Content-Length: %d\r\n\r\n" % (BODY_MAX + 1) + b"x" * (BODY_MAX + 1),
    "body-huge": OK + b"Content-Length: 10000000\r\n\r\n" + b"x" * 10000000,
    "chunks-over": CHUNKED + chunk(b"x" * (BODY_MAX + 1)) + b"0\r\n\r\n",
    "chunks-huge": CHUNKED + chunk(b"x" * 10000) * 1000 + b"0\r\n\r\n",
    "chunk-endless": CHUNKED + b"2;" + b"x" * 1000000,
    "trailers-endless": CHUNKED + b"0\r\n" + b"X: y\r\n" * 100000,
    "chunk-broken": CHUNKED + b"2\r\nhi!\r\n0\r\n\r\n",
    "chunk-size-huge": CHUNKED + b"fffffffffffffffff\r\nhi\r\n",
    "chunk-size-missing": CHUNKED + b"\r\nhi\r\n",
    "gzip": OK + b"Transfer-Encoding: gzip\r\n\r\n",
    "gzip-chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunk(b"hi") + b"0\r\n\r\n",
    "chunked-twice": OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"hi") + b"0\r\n\r\n",
    "chunked-1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"hi") + b"0\r\n\r\n",
    "length-bad": OK + b"Content-Length: x\r\n\r\nhi",
    "length-negative": OK + b"Content-Length: -2\r\n\r\nhi",
    "length-plus": OK + b"Content-Length: +2\r\n\r\nhi",
    "length-huge": OK + b"Content-Length: 99999999999999999999999\r\n\r\nhi",
    "length-empty": OK + b"Content-Length:\r\n\r\nhi",
    "length-list": OK + b"Content-Length: 2, 2\r\n\r\nhi",
    "length-twice": OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
    "both": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"hi") + b"0\r\n\r\n",
    "neither": OK + b"\r\nhi",
    "switch": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "status-odd": b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
    "status-low": b"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n",
    "folded": OK + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\nhi",
    "name-space": OK + b"Content-Length : 2\r\n\r\nhi",
    "nul": OK + b"X: a\0b\r\nContent-Length: 2\r\n\r\nhi",
    "garbage": b"SSH-2.0-OpenSSH_9.2\r\n",
    "no-head": b"hello, this is a body without a head",
    "http-2": b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "half": OK + b"Content-Length: 9\r\n\r\nhi",
    "half-head": OK + b"Content-Len",
    "half-chunk": CHUNKED + b"9\r\nhi",
    "nothing": b"",
}
CLOSED_BEHIND = {"neither", "half", "half-head", "half-chunk", "nothing", "close", "http-1.0"}
SPLIT = {"split": ANSWERS["trailers"], "split-length": HI, "split-interim": ANSWERS["interim"]}

accepted = {"count": 0, "open": 0}


def drip(peer, head, piece):
    peer.sendall(head)
    for _ in range(200):
        peer.sendall(piece)
        time.sleep(0.02)


def say(peer, body):
    peer.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def answer(peer, path, request, nth):
    """True when the connection goes on."""
    if path in ("accepted", "open"):
        say(peer, b"%d" % accepted["count" if path == "accepted" else "open"])
    elif path == "server-name":
        say(peer, str(names_seen[-1]).encode())
    elif path == "echo":
        say(peer, request)
    elif path in SPLIT:
        for byte in SPLIT[path]:
            peer.sendall(bytes([byte]))
            time.sleep(0.001)
    elif path == "drip-head":
        drip(peer, OK, b"X: y\r\n")
    elif path == "drip-body":
        drip(peer, OK + b"Content-Length: 100000\r\n\r\n", b"x")
    elif path == "drip-chunks":
        drip(peer, CHUNKED, chunk(b"x"))
    elif path == "silent":
        select.select([peer], [], [], 9)  # readable when the other side leaves
        return False
    elif path == "late":
        time.sleep(0.3)
        peer.sendall(HI)
    elif path == "dies" and nth > 1:  # takes a second request on a connection and leaves without a word
        return False
    elif path == "dies-half" and nth > 1:
        peer.sendall(b"HTTP/1.1 2")
        return False
    elif path == "leaves":  # while the connection waits for its next call
        peer.sendall(HI)
        time.sleep(0.05)
        return False
    elif path == "speaks":  # while the connection waits for its next call
        peer.sendall(HI)
        time.sleep(0.05)
        peer.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
    elif path == "mutters":  # less than a record of TLS, while the connection waits for its next call
        peer.sendall(HI)
        time.sleep(0.05)
        os.write(peer.fileno(), b"\x17")
    elif path == "early":  # answers before it has the whole request
        peer.sendall(HI)
        time.sleep(0.3)
        return False
    else:
        peer.sendall(ANSWERS.get(path, HI))
        return path not in CLOSED_BEHIND
    return True


def read_request(peer, before):
    """The head with its body, and what came behind it; None at the end."""
    data = before
    while b"\r\n\r\n" not in data:
        piece = peer.recv(65536)
        if not piece:
            return None, b""
        data += piece
    head_len = data.index(b"\r\n\r\n") + 4
    if b" /early " in data[:head_len]:
        return data, b""
    length = 0
    for line in data[:head_len].split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(data) < head_len + length:
        data += peer.recv(65536)
    return data[: head_len + length], data[head_len + length:]


def serve_one(peer, tls):
    nth, rest = 0, b""
    accepted["count"] += 1
    accepted["open"] += 1
    try:
        if tls is not None:
            peer = tls.wrap_socket(peer, server_side=True)
        while True:
            request, rest = read_request(peer, rest)
            if request is None:
                return
            nth += 1
            path = request.split(b" ")[1].decode().rsplit("/", 1)[-1].split("?")[0]
            if not answer(peer, path, request, nth):
                return
    except OSError:
        pass
    finally:
        accepted["open"] -= 1
        peer.close()


def serve(name, tls=None, at_once=False, narrow=False):
    listener = socket.socket()
    if narrow:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    print(name, listener.getsockname()[1], flush=True)

    def accept():
        while True:
            peer, _ = listener.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if at_once:
                peer.close()
                continue
            threading.Thread(target=serve_one, args=(peer, tls), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def openssl(*arguments):
    subprocess.run(("openssl",) + arguments, check=True, capture_output=True)


def make_authority(folder):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=odd authority", "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem")


def make_certificate(folder, name, subject, alternative, days="2", own=False):
    key, request, extensions = f"{folder}/{name}.key", f"{folder}/{name}.csr", f"{folder}/{name}.ext"
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject}",
            "-keyout", key, "-out", request)
    with open(extensions, "w") as file:
        file.write(f"subjectAltName={alternative}\n" if alternative else "basicConstraints=CA:FALSE\n")
    signer = ("-signkey", key) if own else ("-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key", "-CAcreateserial")
    openssl("x509", "-req", "-in", request, *signer, "-days", days, "-extfile", extensions, "-out", f"{folder}/{name}.pem")


def serve_tls(folder, name, version, suffix):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if version == ssl.TLSVersion.TLSv1_1:
        tls.set_ciphers("DEFAULT@SECLEVEL=0")
    tls.minimum_version = tls.maximum_version = version
    tls.load_cert_chain(f"{folder}/{name}.pem", f"{folder}/{name}.key")
    tls.sni_callback = lambda peer, server_name, context: names_seen.append(server_name)
    serve(f"{name}-{suffix}", tls)


# OpenSSL's settings, so that a client that takes TLS 1.1 is kept from it by nobody else
LAX = """openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = lax
[lax]
MinProtocol = TLSv1
CipherString = DEFAULT@SECLEVEL=0
"""
names_seen = []
CERTIFICATES = {
    "right": ("name.example.test", "DNS:name.example.test"),
    "star": ("any", "DNS:*.example.test"),
    "address": ("any", "IP:127.0.0.1"),
    "wrong": ("name.example.test", "DNS:elsewhere.example.test"),
    "partial": ("any", "DNS:na*.example.test"),
    "subject": ("name.example.test", None),
}


def main():
    warnings.simplefilter("ignore")
    folder = tempfile.mkdtemp(prefix="odd_upstream.")
    try:
        make_authority(folder)
        for name, (subject, alternative) in CERTIFICATES.items():
            make_certificate(folder, name, subject, alternative)
        make_certificate(folder, "expired", "any", "DNS:name.example.test", days="-1")
        make_certificate(folder, "own", "any", "DNS:name.example.test", own=True)
        for name in [*CERTIFICATES, "expired", "own"]:
            serve_tls(folder, name, ssl.TLSVersion.TLSv1_2, "1.2")
            serve_tls(folder, name, ssl.TLSVersion.TLSv1_3, "1.3")
        serve_tls(folder, "right", ssl.TLSVersion.TLSv1_1, "1.1")
        serve("plain")
        serve("shut", at_once=True)
        serve("narrow", narrow=True)
        with open(f"{folder}/lax.cnf", "w") as file:
            file.write(LAX)
        print("ca", f"{folder}/ca.pem", flush=True)
        print("lax", f"{folder}/lax.cnf", flush=True)
        print("ready", 1, flush=True)
        sys.stdin.read()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)


main()
