"""cutter: a way to Postgres that breaks when a test says so: what the server answers to the next request that names a statement is lost, and the connection with it."""
import contextlib
import selectors
import socket
import threading
import time

DONE_S = 0.5  # until what was sent is durable: nobody is told


class Cutter:
    def __init__(self, port, host="127.0.0.1"):
        self.target, self.word, self.cuts = (host, port), None, 0
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def cut_at(self, word):
        """the next time that this is sent"""
        self.word = word.encode()

    def close(self):
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.carry, args=(client, socket.create_connection(self.target)), daemon=True).start()

    def carry(self, client, server):
        ways = selectors.DefaultSelector()
        ways.register(client, selectors.EVENT_READ, server)
        ways.register(server, selectors.EVENT_READ, client)
        with client, server, contextlib.suppress(OSError):
            while True:
                for key, _ in ways.select():
                    piece = key.fileobj.recv(65536)
                    if not piece:
                        return
                    key.data.sendall(piece)
                    if key.fileobj is client and self.word and self.word in piece:
                        self.word, self.cuts = None, self.cuts + 1
                        time.sleep(DONE_S)
                        return
