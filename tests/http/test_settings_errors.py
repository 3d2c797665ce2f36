"""A settings file that is wrong stops `serve` and `config check` alike, with file, line, column, key and what would be right (docs/settings.md)."""
import os
import secrets

import pytest

from parts import free_port
from terminal import run

SECRET = secrets.token_urlsafe(32)
GOOD = """dsn: memory
secrets:
  system: [%s]
access_token:
  audience: [https://api.example.com]
""" % SECRET  # five lines


def write(tmp_path, text, mode=0o600):
    path = tmp_path / "hydrant.yml"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def complaints(done):
    assert done.code == 1 and done.out == "", done
    return done.err.splitlines()


@pytest.mark.parametrize("more, where, says", [
    # keys
    ("serve:\n  public:\n    prot: 4477\n", "8:5: serve.public.prot", "unknown key; did you mean serve.public.port?"),
    ("colour: red\n", "6:1: colour", "unknown key; `hydrant help settings` lists all"),
    ("serve.public.port: 1\n", "6:1: serve.public.port", "no dot in a key"),
    ("dsn: memory\n", "6:1: dsn", "is there twice, the first time in line 1"),
    ("serve: {workers: 1, workers: 2}\n", "6:21: serve.workers", "is there twice, the first time in line 6"),
    # types
    ("serve:\n  public:\n    port: many\n", "8:11: serve.public.port", "right would be a number from 1 to 65535"),
    ("serve:\n  public:\n    port: [1]\n", "8:11: serve.public.port", "is a list; right would be a number"),
    ("serve: 3\n", "6:8: serve", "right would be a table"),
    ("kratos: {timeout: 2}\n", "6:19: kratos.timeout", "right would be a duration such as 90s, 15m or 14d, from 100ms to 5s"),
    ("log: {level: loud}\n", "6:14: log.level", "right would be one of: debug info warn error"),
    ("  claims_use_admin_metadata: perhaps\n", "6:30: access_token.claims_use_admin_metadata", "right would be true or false"),
    # ranges, and what must hold between values
    ("serve: {public: {port: 70000}}\n", "6:24: serve.public.port", "out of range; right would be a number from 1 to 65535"),
    ("kratos: {timeout: 1h}\n", "6:19: kratos.timeout", "out of range"),
    ("refresh_token: {grace: 10s, coalesce: 11s}\n", "6:39: refresh_token.coalesce", "11s is more than refresh_token.grace, which is 10s"),
    ("refresh_token: {idle_ttl: 31d}\n", "6:27: refresh_token.idle_ttl", "31d is more than refresh_token.absolute_ttl, which is 30d"),
    ("keys: {publish_before: 10m}\n", "6:24: keys.publish_before", "right would be 36m or more"),
    ("keys: {rotate_every: 25h}\n", "6:22: keys.rotate_every", "right would be 2d or more"),
    ("keys: {algorithms: [HS256]}\n", "6:20: keys.algorithms", "right would be a list of ES256, ES384, RS256, PS256 and EdDSA (with Ed25519)"),
    ("keys: {algorithms: [ES256]}\n  \naccess_token2: 1\n", "8:1: access_token2", "unknown key"),
    # what is open to the network
    ("urls: {self: {issuer: http://id.example.com}}\n", "6:23: urls.self.issuer", "plain http and not on loopback"),
    ("urls: {self: {issuer: 'https://id.example.com/?x=1'}}\n", "6:24: urls.self.issuer", "right would be an https URL without query and fragment"),
    ("urls: {self: {issuer: 'https://id.example.com/a//b'}}\n", "6:24: urls.self.issuer", "path"),
    ("serve: {admin: {host: 0.0.0.0}}\n", "6:23: serve.admin.host", "not loopback, so serve.admin.token is required"),
    ("serve: {admin: {token: short}}\n", "6:24: serve.admin.token", "at least 32 visible characters"),
    ("serve: {trusted_proxies: [10.0.0.0/33]}\n", "6:26: serve.trusted_proxies", "10.0.0.0/8"),
    ("serve: {public: {tls: {cert: /x.pem}}}\n", "6:30: serve.public.tls.cert", "serve.public.tls.key is missing beside it"),
    ("kratos: {public_url: 'ftp://kratos'}\n", "6:23: kratos.public_url", "right would be an http or https URL"),
    ("kratos: {cookie_name: 'a b'}\n", "6:24: kratos.cookie_name", "right would be a cookie name"),
    # claims
    ("  claims:\n    email: .identity.traits.(\n", "7:12: access_token.claims.email", "syntax error"),
    ("  claims:\n    path: $ENV.PATH\n", "7:11: access_token.claims.path", "$ENV is not available here"),
    ("  claims:\n    x: input\n", "7:8: access_token.claims.x", "input is not available here"),
    ("  claims:\n    sub: .id\n", "7:10: access_token.claims.sub", "set by the server and can't be mapped"),
    ("  claims:\n    - email\n", "7:5: access_token.claims", "right would be a table of claim names to jq expressions"),
    ("  resources:\n    https://pay.example.com: {tttl: 5m}\n", "7:31: access_token.resources.https://pay.example.com.tttl", "right would be one of: ttl algorithm typ scopes claims min_acr"),
    # clients
    ("clients:\n  - client_id: a\n", "7:5: clients[0]", "client_secret or client_secret_hash is required here, unless token_endpoint_auth_method is none"),
    ("clients:\n  - token_endpoint_auth_method: none\n", "7:5: clients[0]", "needs a client_id"),
    ("clients:\n  - {client_id: a, token_endpoint_auth_method: none}\n  - {client_id: a, token_endpoint_auth_method: none}\n", "8:17: clients[1]", "there twice"),
    ("clients:\n  - client_id: a\n    token_endpoint_auth_method: none\n    allowed_cors_origins: ['*']\n", "9:27: clients[0]", "exact origins"),
    ("clients:\n  - client_id: a\n    token_endpoint_auth_method: none\n    scope: offline_access\n", "9:12: clients[0]", "confidential clients only"),
    # YAML
    ("serve: [\n", "7:1: ", "this is not YAML"),
    ("serve:\n\tworkers: 1\n", "7:1: ", "this is not YAML"),
    ("---\ndsn: memory\n", "6:1: ", "a second document"),
])
def test_a_mistake_is_named_with_its_place_and_what_would_be_right(tmp_path, more, where, says):
    path = write(tmp_path, GOOD + more)
    said = complaints(run("config", "check", "-c", path))
    assert len(said) == 1, said
    assert said[0].startswith("%s:%s" % (path, where)) and says in said[0], said


@pytest.mark.parametrize("text, where, says", [
    (GOOD.replace("secrets:\n  system: [%s]\n" % SECRET, ""), "secrets.system", "is required, here or as SECRETS_SYSTEM in the environment; make one with: openssl rand"),
    (GOOD.replace(SECRET, "too-short"), "3:11: secrets.system[0]", "at least 32 characters; make one with: openssl rand"),
    (GOOD.replace(SECRET, "x" * 40), "3:11: secrets.system[0]", "guessable"),
    (GOOD.replace("dsn: memory", "dsn: mysql://u:hunter2@db/x"), "1:6: dsn", "right would be memory, sqlite:///path, or postgres://"),
    (GOOD.replace("dsn: memory", "dsn: sqlite:///x?mode=ro"), "1:6: dsn", "sqlite takes no options"),
    ("- a\n", "1:1: ", "the settings must be a table"),
])
def test_what_is_required_is_asked_for(tmp_path, text, where, says):
    path = write(tmp_path, text)
    said = complaints(run("config", "check", "-c", path))
    assert len(said) == 1 and where in said[0] and says in said[0] and said[0].startswith(path), said


def test_every_mistake_is_told_at_once_in_one_line_each(tmp_path):
    path = write(tmp_path, GOOD + "serve: {public: {port: 0}, workers: -1}\nlog: {format: xml}\ncolour: red\nkratos: {timeout: 0s}\n")
    said = complaints(run("config", "check", "-c", path))
    assert sorted(line.split(": ")[1] for line in said) == ["colour", "kratos.timeout", "log.format", "serve.public.port", "serve.workers"]


@pytest.mark.parametrize("more", ["serve:\n  public:\n    prot: 4477\n", "  claims:\n    email: .identity.traits.(\n", "secrets2: x\n"])
def test_serve_refuses_to_start_with_the_same_words(tmp_path, more):
    path = write(tmp_path, GOOD + more)
    checked, served, migrated = (run(*command, "-c", path) for command in (["config", "check"], ["serve"], ["migrate"]))
    assert served.code == migrated.code == 1
    assert served.err == migrated.err == checked.err and served.out == ""


def test_a_world_readable_file_with_secrets_is_warned_of_and_not_refused(tmp_path):
    done = run("config", "check", "-c", write(tmp_path, GOOD, 0o644))
    assert done.code == 0 and "warning" in done.err and "chmod o-r" in done.err, done
    harmless = run("config", "check", "-c", write(tmp_path, GOOD.replace("secrets:\n  system: [%s]\n" % SECRET, ""), 0o644), environment={"SECRETS_SYSTEM": SECRET})
    assert harmless.code == 0 and harmless.err == "", harmless


@pytest.mark.parametrize("text, secret", [
    (GOOD.replace("dsn: memory", "dsn: postgres//u:hunter2-hunter2@db/x"), "hunter2"), (GOOD.replace(SECRET, "my-secret-my-secret"), "my-secret"), (GOOD + "serve: {admin: {token: tiny-token}}\n", "tiny-token"),
    (GOOD + "clients:\n  - {client_id: a, client_secret: tiny-secret}\n", "tiny-secret"), (GOOD + "kratos: {admin_url: 'http://u:hunter2@kratos?x'}\n", "hunter2"), (GOOD.replace("[%s]" % SECRET, "{a: my-secret}"), "my-secret"),
])
def test_a_complaint_shows_no_secret(tmp_path, text, secret):
    assert secret not in "".join(complaints(run("config", "check", "-c", write(tmp_path, text))))


def test_nothing_in_a_file_makes_a_line_of_its_own_or_steers_a_terminal(tmp_path):
    said = complaints(run("config", "check", "-c", write(tmp_path, GOOD + '"a\\nforged: line\\e[31m": 1\nlog: {level: "x\\ny\\e[2J"}\n')))
    assert len(said) == 2 and "\x1b" not in "".join(said)


# ---- the environment ----

ALONE = {"DSN": "memory", "SECRETS_SYSTEM": SECRET, "ACCESS_TOKEN_AUDIENCE": "https://api.example.com"}


def test_the_environment_alone_is_enough(tmp_path):
    done = run("config", "check", environment=ALONE)
    assert done.code == 0 and done.out == "environment: the settings are good\n" and done.err == "", done


def test_the_environment_wins_over_the_file(tmp_path):
    assert run("config", "check", "-c", write(tmp_path, GOOD + "log: {level: info}\n"), environment={"LOG_LEVEL": "loud"}).code == 1
    assert run("config", "check", "-c", write(tmp_path, GOOD + "log: {level: loud}\n"), environment={"LOG_LEVEL": "info"}).code == 1  # the file is wrong all the same
    done = run("serve", "-c", write(tmp_path, GOOD + "serve: {public: {host: 127.0.0.1, port: 1}}\n"), environment={"SERVE_PUBLIC_HOST": "192.0.2.1", "SERVE_PUBLIC_PORT": str(free_port())})
    assert done.code == 1 and "192.0.2.1" in done.err, done


@pytest.mark.parametrize("environment, where, says", [
    ({"SERVE_PUBLIC_PORT": "many"}, "environment SERVE_PUBLIC_PORT: serve.public.port: ", "right would be a number from 1 to 65535"),
    ({"KRATOS_TIMEOUT": "1h"}, "environment KRATOS_TIMEOUT: kratos.timeout: ", "out of range"),
    ({"SECRETS_SYSTEM": "my-short-secret"}, "environment SECRETS_SYSTEM: ", "at least 32 characters"),
    ({"SECRETS_SYSTEM": SECRET + ",my-short-secret"}, "environment SECRETS_SYSTEM: secrets.system[1]", "at least 32 characters"),
    ({"ACCESS_TOKEN_CLAIMS": '{"email": ".identity.("}'}, "environment ACCESS_TOKEN_CLAIMS: access_token.claims", "syntax error"),
    ({"CLIENTS": "[{client_id: a}]"}, "environment CLIENTS: clients[0]", "client_secret or client_secret_hash is required"),
    ({"SERVE_ADMIN_TOKEN_FILE": "/no/such/file"}, "environment SERVE_ADMIN_TOKEN_FILE: serve.admin.token: ", "/no/such/file can't be read"),
    ({"SERVE_ADMIN_TOKEN_FILE": "/dev/null"}, "environment SERVE_ADMIN_TOKEN_FILE: serve.admin.token: ", "is empty"),
    ({"DSN_FILE": "/dev/null"}, "environment DSN_FILE: dsn: ", "DSN is set too; right would be one of the two"),
])
def test_a_variable_that_is_wrong_is_named(environment, where, says):
    said = complaints(run("config", "check", environment={**ALONE, **environment}))
    assert len(said) == 1 and said[0].startswith(where) and says in said[0], said
    assert "my-short-secret" not in said[0]


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path):
    (tmp_path / "secret").write_text(SECRET + "\n")
    environment = {"DSN": "memory", "ACCESS_TOKEN_AUDIENCE": "https://api.example.com", "SECRETS_SYSTEM_FILE": str(tmp_path / "secret")}
    assert run("config", "check", environment=environment).code == 0
    (tmp_path / "secret").write_text("short\n")
    said = complaints(run("config", "check", environment=environment))
    assert "SECRETS_SYSTEM_FILE" in said[0] and "at least 32 characters" in said[0]


def test_an_empty_variable_is_none(tmp_path):
    assert run("config", "check", "-c", write(tmp_path, GOOD), environment={"DSN": "", "LOG_LEVEL": "", "SECRETS_SYSTEM_FILE": ""}).code == 0


def test_a_file_with_settings_that_nobody_may_read_is_told(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    said = complaints(run("config", "check", "-c", write(tmp_path, GOOD, 0o000)))
    assert "can't be read: Permission denied" in said[0]


def test_serve_dev_lets_a_plain_issuer_through(tmp_path):
    path = write(tmp_path, GOOD + "urls: {self: {issuer: http://id.example.com}}\n")
    assert run("config", "check", "-c", path).code == 1 and run("config", "check", "-c", path, "--dev").code == 0
