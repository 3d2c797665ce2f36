"""nginx: one that serves bytes as a file, as the measure of what a server on this machine can do."""
import os
import shutil
import subprocess
import tempfile
import time

from parts import Http, free_port

CONFIGURATION = """daemon off; worker_processes %(workers)d; pid %(folder)s/pid; error_log %(folder)s/error;
events { worker_connections 1024; }
http {
    access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000000; open_file_cache max=8;
    client_body_temp_path %(folder)s; proxy_temp_path %(folder)s; fastcgi_temp_path %(folder)s; uwsgi_temp_path %(folder)s; scgi_temp_path %(folder)s;
    server {
        listen 127.0.0.1:%(port)d; root %(folder)s/www; default_type application/json;
        add_header Cache-Control "public, max-age=900, stale-while-revalidate=60, stale-if-error=900"; add_header Access-Control-Allow-Origin "*";
    }
}
"""


def program():
    """None where there is none"""
    return shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")


class Nginx:
    def __init__(self, path, body, workers):
        self.folder, self.port = tempfile.mkdtemp(prefix="hydrant-nginx-"), free_port()
        os.chmod(self.folder, 0o755)  # its workers are another user's
        file = os.path.join(self.folder, "www", path[1:])
        os.makedirs(os.path.dirname(file))
        with open(file, "wb") as f:
            f.write(body)
        configuration = os.path.join(self.folder, "conf")
        with open(configuration, "w", encoding="ascii") as f:
            f.write(CONFIGURATION % {"workers": workers, "folder": self.folder, "port": self.port})
        self.child = subprocess.Popen([program(), "-p", self.folder, "-c", configuration])
        self.await_answer(path, body)

    def await_answer(self, path, body):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                answer = Http(self.port).get(path)
                assert answer.status == 200 and answer.body == body
                return
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise AssertionError("nginx does not answer")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.child.terminate()
        self.child.wait()
        shutil.rmtree(self.folder)
