"""asking: what those tests share that ask the echo server what no well-behaved client asks: servers, requests down to their bytes, answers.

Each of these tests is a program: FILE.py ECHO_SERVER [PART_OF_A_NAME]. Loopback only; every check is a function whose name is the
sentence it proves. They run at the same time, since several wait for the server's patience to end: a file has its slow ones first.
"""
import concurrent.futures, json, os, re, resource, signal, socket, ssl, subprocess, sys, tempfile, threading, time, traceback

resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
PROGRAM = sys.argv[1]
WORK = tempfile.TemporaryDirectory()
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Server:
    def __init__(self, *arguments, descriptors=None):
        self.log_path = tempfile.mktemp(dir=WORK.name)
        with open(self.log_path, "wb") as log:
            limit = ["prlimit", f"--nofile={descriptors}:{descriptors}"] if descriptors else []
            self.process = subprocess.Popen([*limit, PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=log)
        words = self.process.stdout.readline().split()
        self.plain, self.gated, self.tls = (list(map(int, words)) + [None] * 3)[:3]

    def log(self):
        with open(self.log_path) as log:
            return [json.loads(line) for line in log if line.startswith("{")]

    def log_of(self, request_id, patience=2):
        until = time.time() + patience
        while time.time() < until:
            found = [line for line in self.log() if line.get("id") == request_id]
            if found:
                return found
            time.sleep(0.02)
        return []

    def descriptor_count(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def live(self):
        return json.loads(ask(self.plain, request("GET /live HTTP/1.1"))[0].body)

    def stop(self):
        """the exit status, and what stood on standard error besides log lines: a sanitizer's words"""
        self.process.send_signal(signal.SIGTERM)
        rest = self.process.communicate(timeout=40)[0]
        with open(self.log_path) as log:
            self.other_words = "".join(line for line in log if not line.startswith("{"))
        self.last_words = rest.decode()
        return self.process.returncode


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


def take_answer(raw, without_body=False):
    head, separator, rest = raw.partition(b"\r\n\r\n")
    assert separator, raw
    lines = head.decode("latin1").split("\r\n")
    status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) .*", lines[0])[1])
    headers = [(name.lower(), value.strip()) for name, value in (line.split(":", 1) for line in lines[1:])]
    length = int(dict(headers).get("content-length", 0))
    if status < 200 or status in (204, 304) or without_body:
        length = 0
    assert len(rest) >= length, "an answer is shorter than it says"
    return Answer(status, dict(headers), rest[:length]), rest[length:]


def read_all(connection, wait):
    """everything that comes within wait seconds, and how the connection is afterwards"""
    connection.settimeout(wait)
    raw = b""
    try:
        while True:
            piece = connection.recv(1 << 16)
            if not piece:
                return raw, "closed"
            raw += piece
    except socket.timeout:
        return raw, "open"
    except ConnectionResetError:
        return raw, "reset"


def connect(port):
    return socket.create_connection(("127.0.0.1", port))


def ask(port, data, wait=0.6, head_only=False):
    """the answers; in STATE how the connection is afterwards, and whether all could be sent"""
    with connect(port) as connection:
        try:
            connection.sendall(data)
            STATE.sent = True
        except (BrokenPipeError, ConnectionResetError):
            STATE.sent = False
        raw, state = read_all(connection, wait)
    answers = []
    while raw:
        answer, raw = take_answer(raw, head_only)
        answers.append(answer)
    STATE.value = state
    return answers


STATE = threading.local()


def request(line, *headers, body=b"", host="Host: x"):
    lines = [line] + ([host] if host else []) + list(headers)
    return "".join(each + "\r\n" for each in lines).encode("latin1") + b"\r\n" + body


def expect(data, *statuses, state, port=None, wait=0.6):
    answers = ask(port or MAIN.plain, data, wait)
    got = [answer.status for answer in answers]
    assert (got, STATE.value) == (list(statuses), state), f"got {got} {STATE.value}, want {list(statuses)} {state}"
    for answer in answers:
        if answer.status >= 200 and answer.status != 400:
            assert "x-request-id" in answer.headers, answer.headers
        assert "server" not in answer.headers, answer.headers
    return answers


def refused(data, status, **more):
    answers = expect(data, status, state="closed", wait=4, **more)
    return answers[0]


def is_json_error(answer):
    assert answer.headers["content-type"] == "application/json", answer.headers
    assert json.loads(answer.body)["error"] == "invalid_request", answer.body
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-request-id"]), answer.headers


def drip(port, first, piece, until):
    """sends piece again and again; what came back, and after how long the end"""
    begin = time.time()
    with connect(port) as connection:
        connection.sendall(first)
        raw = b""
        connection.settimeout(0.4)
        while time.time() - begin < until:
            try:
                if piece:
                    connection.sendall(piece)
                got = connection.recv(4096)
                if not got:
                    break
                raw += got
            except socket.timeout:
                continue
            except OSError:
                break
    return raw, time.time() - begin


def tls_context(**settings):
    context = ssl.create_default_context(cafile=CERT)
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def make_certificate(name, *kind):
    cert, key = os.path.join(WORK.name, name + ".pem"), os.path.join(WORK.name, name + ".key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    return cert, key


def run(function):
    try:
        function()
        return None
    except Exception:
        return traceback.format_exc()


def run_checks(*servers):
    """all, or those whose names have the second argument in them; then ends MAIN and the servers that a file has beside it"""
    failed = 0
    wanted = [each for each in CHECKS if len(sys.argv) < 3 or sys.argv[2] in each.__name__]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        for function, trouble in zip(wanted, pool.map(run, wanted)):
            if trouble:
                failed += 1
                print(f"not so: {function.__name__.replace('_', ' ')}\n{trouble}")
    for server in (MAIN, *servers):
        if server.stop() != 0:
            failed += 1
            print(f"a server ended with {server.process.returncode}:\n{server.other_words[:6000]}")
    print(f"{len(wanted)} sentences, {failed} failed")
    sys.exit(failed > 0)


POST = "POST /echo HTTP/1.1"
GET = "GET /echo HTTP/1.1"
END = b"0\r\n\r\n"
HALF = b"GET /static HTTP/1.1\r\nHost: x\r\n"
CERT, KEY = make_certificate("ec", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
MAIN = Server(f"cert={CERT}", f"key={KEY}")
