"""load: runs tests/bench/load.c, and the requests that it sends."""
import json
import os
import subprocess
import tempfile

from parts import BUILD, EXCHANGE, KRATOS_SESSION, basic, form

PATIENCE_S = 60  # beyond the time that a run was given


class LoadFailed(Exception):
    pass


def get(path, headers=()):
    return "".join(["GET %s HTTP/1.1\r\nHost: localhost\r\n" % path, *("%s: %s\r\n" % pair for pair in headers), "\r\n"]).encode()


def post_form(path, parameters, word_len, authorization=None):
    """the last parameter is the word of word_len letters"""
    body = form(parameters[:-1]) + "&%s={}" % parameters[-1]
    head = "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n" % (path, len(body) - 2 + word_len)
    if authorization:
        head += "Authorization: %s\r\n" % authorization
    return (head + "\r\n" + body).encode()


def refresh(client, secret=None, word_len=87):
    named = [("client_id", client)] if secret is None else []
    return post_form("/oauth2/token", [("grant_type", "refresh_token"), *named, "refresh_token"], word_len, basic(client, secret) if secret else None)


def exchange(client, word_len):
    return post_form("/oauth2/token", [("grant_type", EXCHANGE), ("client_id", client), ("subject_token_type", KRATOS_SESSION), "subject_token"], word_len)


def run(port, request, clients, seconds, words=(), **options):
    """what load.c prints; options: expect, next, requests, threads. A failed run is none"""
    with tempfile.NamedTemporaryFile() as file:
        file.write(request)
        file.flush()
        arguments = [os.path.join(BUILD, "tests", "load"), "--port", str(port), "--clients", str(clients), "--seconds", str(seconds), "--request", file.name]
        for name, value in options.items():
            arguments += ["--" + name, str(value)]
        done = subprocess.run(arguments, input="".join(word + "\n" for word in words), capture_output=True, text=True, timeout=seconds + PATIENCE_S)
    if done.returncode != 0:
        raise LoadFailed("load ended with %d: %s %s" % (done.returncode, done.stdout.strip(), done.stderr.strip()))
    return json.loads(done.stdout)
