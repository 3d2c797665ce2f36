"""What is left of a private key in a server's memory."""
import contextlib
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from key_world import ask, await_true, keys_of, launch, own_dsn, token_of  # noqa: F401
from parts import SYSTEM_SECRET, header_of

WORKERS = 4
PART_MAX = 1 << 28  # larger ones are a sanitizer's, and hardly used


def private_octets(sealed, kid):
    """docs/keys.md: AES-256-GCM under HKDF(system secret, "signing keys"), with the kid as associated data"""
    sealed = bytes.fromhex(sealed.removeprefix("\\x")) if isinstance(sealed, str) else sealed
    key = HKDF(SHA256(), 32, None, b"signing keys").derive(SYSTEM_SECRET.encode())
    der = AESGCM(key).decrypt(sealed[2:14], sealed[14:], sealed[:2] + kid.encode())
    return load_der_private_key(der, None).private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def writable_parts(pid):
    with open("/proc/%d/maps" % pid, encoding="ascii") as maps:
        for line in maps:
            begin, end = (int(hexadecimal, 16) for hexadecimal in line.split()[0].split("-"))
            if line.split()[1].startswith("rw") and end - begin < PART_MAX:
                yield begin, end - begin


def count_in_memory(server, octets):
    count = 0
    with open("/proc/%d/mem" % server.child.pid, "rb", buffering=0) as memory:
        for begin, length in writable_parts(server.child.pid):
            with contextlib.suppress(OSError):  # it was there a moment ago
                count += os.pread(memory.fileno(), length, begin).count(octets)
    return count


def test_a_revoked_private_key_is_wiped_from_memory_though_no_request_comes(launch, ask, session):
    server = launch({"serve": {"workers": WORKERS}, "keys": {"algorithms": ["EdDSA"]}, "access_token": {"algorithm": "EdDSA"}})
    kid = keys_of(server, "EdDSA")["active"]
    octets = private_octets(ask("SELECT sealed_private FROM signing_keys WHERE kid = '%s'" % kid)[0][0], kid)
    assert len(octets) == 32
    for _ in range(8 * WORKERS):  # whichever worker takes it
        assert header_of(token_of(server, session)["access_token"])["kid"] == kid
    if count_in_memory(server, octets) == 0:
        pytest.skip("a process's memory can't be read here")
    assert server.admin.request("DELETE", "/admin/keys/" + kid).status == 200
    await_true(lambda: count_in_memory(server, octets) == 0, seconds=10)
