"""proxies: real reverse proxies with the configuration of examples/proxy/, and the upstream behind them; for test_proxies.py."""
import contextlib
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time

from parts import ROOT, Http, free_port

SBIN = os.environ["PATH"] + ":/usr/sbin:/sbin"
NGINX_AROUND = """daemon off; worker_processes 2; pid %(folder)s/pid; error_log %(folder)s/error;
events { worker_connections 4096; }
http {
    access_log off; server_tokens off;
    client_body_temp_path %(folder)s; proxy_temp_path %(folder)s; fastcgi_temp_path %(folder)s; uwsgi_temp_path %(folder)s; scgi_temp_path %(folder)s;
    include %(folder)s/example.conf;
}
"""
CADDY_AROUND = "{\n\tadmin off\n\tauto_https off\n}\n"


def example(name):
    with open(os.path.join(ROOT, "examples", "proxy", name), encoding="utf-8") as f:
        return f.read()


class Upstream:
    """answers with what reached it, as JSON: method, path, headers as pairs, body"""

    def __init__(self):
        upstream = self
        self.count = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                if self.headers.get("Transfer-Encoding") == "chunked":
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                upstream.count += 1
                seen = json.dumps({"method": self.command, "path": self.path, "headers": self.headers.items(), "body": body.decode()}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(seen)))
                self.end_headers()
                self.wfile.write(seen)

            do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Proxy:
    """the example's file with this test's ports"""

    def __init__(self, hydrant_port, upstream_port, port=None):
        self.folder, self.port = tempfile.mkdtemp(prefix="hydrant-proxy-"), port or free_port()
        os.chmod(self.folder, 0o755)  # nginx' workers are another user's
        text = example(self.file).replace("127.0.0.1:4477", "127.0.0.1:%d" % hydrant_port).replace("127.0.0.1:8080", "127.0.0.1:%d" % upstream_port)
        self.child = self.run(text.replace("app.example.com", "localhost"))
        self.http = Http(self.port, "localhost")
        self.origin = "http://localhost:%d" % self.port
        try:
            self.await_answer()
        except BaseException:
            self.stop()
            raise

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def await_answer(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert self.child.poll() is None, self.name + " ended"
            with contextlib.suppress(OSError):
                self.http.get("/")
                return
            time.sleep(0.05)
        raise AssertionError(self.name + " does not answer")

    def stop(self):
        self.child.terminate()
        self.child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @classmethod
    def program(cls):
        return shutil.which(cls.name, path=SBIN)


class Nginx(Proxy):
    name, file = "nginx", "nginx.conf"

    def run(self, text):
        self.write("example.conf", text.replace("listen 127.0.0.1:8081", "listen 127.0.0.1:%d" % self.port))
        around = self.write("conf", NGINX_AROUND % {"folder": self.folder})
        return subprocess.Popen([self.program(), "-p", self.folder, "-c", around], stderr=subprocess.DEVNULL)


class Caddy(Proxy):
    name, file = "caddy", "Caddyfile"

    def run(self, text):
        path = self.write("Caddyfile", CADDY_AROUND + text.replace("localhost:8082", "localhost:%d" % self.port))
        environment = {**os.environ, "HOME": self.folder, "XDG_CONFIG_HOME": self.folder, "XDG_DATA_HOME": self.folder}
        return subprocess.Popen([self.program(), "run", "--config", path, "--adapter", "caddyfile"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


PROXIES = {"nginx": Nginx, "caddy": Caddy}
