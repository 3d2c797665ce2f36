"""tokens: refresh tokens of grants that were seeded, made as oauth/refresh_token.h says, so that a million of them need no exchange."""
import base64
import hashlib
import hmac
import struct


def hkdf(secret, info, length):
    """with SHA-256 and no salt, up to one block"""
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\1", hashlib.sha256).digest()[:length]


def with_length(data):
    return struct.pack(">I", len(data)) + data


class Tokens:
    def __init__(self, system_secret, issuer):
        self.kid = hkdf(system_secret.encode(), b"kid", 1)[0]
        self.key = hkdf(system_secret.encode(), b"refresh token", 32)
        self.issuer = with_length(issuer.encode())

    def make(self, number, client, gen=0):
        """of the grant of this number: its id and secret are what seeds.py has put into the database"""
        grant_id, secret = hashlib.md5(b"grant %d" % number).digest(), hashlib.sha256(b"secret %d" % number).digest()[:20]
        signed = struct.pack(">BB16sI20s", 1, self.kid, grant_id, gen, secret)
        tag = hmac.new(self.key, self.issuer + with_length(client.encode()) + with_length(signed), hashlib.sha256).digest()[:20]
        return "hrt_" + base64.urlsafe_b64encode(signed + tag).decode().rstrip("=")

    def make_garbage(self, number, client):
        """all of it as it should be, but for the tag"""
        token = self.make(number, client)
        return token[:-20] + ("A" if token[-20] != "A" else "B") + token[-19:]
