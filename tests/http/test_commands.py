"""The commands: what they print, exit codes (0 done, 1 failed, 2 wrong use), and errors that say what to do (docs/interface.md, Commands)."""
import json
import os
import secrets
import socket

import pytest

from parts import EXCHANGE, SYSTEM_SECRET, Hydrant, basic, default_settings, free_port, merge
from terminal import run

TOKEN = "an-admin-token-of-more-than-32-characters"


@pytest.fixture(scope="module")
def guarded(kratos, fresh_dsn, migrated):
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), {"serve": {"admin": {"token": TOKEN}}}))
    yield server
    server.stop()


def endpoint(server):
    return "http://127.0.0.1:%d" % server.admin.port


def clients(server, *words, environment=None, given=None):
    return run("clients", *words, "--endpoint", endpoint(server), environment=environment, given=given)


def new_id():
    return "cli-" + secrets.token_hex(6)


def settings_file(tmp_path, **changes):
    path = tmp_path / "hydrant.yml"
    path.write_text(json.dumps({"dsn": "memory", "secrets": {"system": [SYSTEM_SECRET]}, "access_token": {"audience": ["https://api.example.com"]}, "keys": {"algorithms": ["ES256"]}, **changes}))
    path.chmod(0o600)
    return str(path)


def row_of(out, name):
    """the value of a line "name   value" of a table"""
    found = [line.split(None, 1)[1] for line in out.splitlines() if line.split(None, 1)[:1] == [name]]
    return found[0] if found else None


# ---- help and version ----

COMMANDS = ["serve", "migrate", "config check", "clients create", "clients list", "clients get", "clients delete", "keys list", "keys rotate", "keys revoke", "keys reseal", "grants list", "grants revoke", "token inspect", "token verify", "health", "version", "help"]


@pytest.mark.parametrize("words", [["help"], ["--help"], ["-h"]])
def test_help_lists_every_command_and_the_exit_codes(words):
    done = run(*words)
    assert done.code == 0 and done.err == ""
    assert [line[2:18].strip() for line in done.out.splitlines() if line.startswith("  ")] == COMMANDS
    assert "0 done, 1 failed, 2 wrong use" in done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_explained(command):
    explained = run("help", *command.split())
    assert explained.code == 0 and explained.out.startswith("hydrant %s: " % command) and "Usage: hydrant " + command in explained.out
    assert run(*command.split(), "-h" if command == "help" else "--help").out == explained.out


@pytest.mark.parametrize("group", ["clients", "config", "grants", "keys", "token"])
@pytest.mark.parametrize("words", [["help", "%s"], ["%s", "--help"], ["%s", "-h"]])
def test_help_of_a_group_lists_its_commands(group, words):
    done = run(*[word.replace("%s", group) for word in words])
    assert done.code == 0 and done.err == "" and done.out.startswith("Usage: hydrant %s COMMAND" % group)
    assert [line[2:18].strip() for line in done.out.splitlines() if line.startswith("  ")] == [c for c in COMMANDS if c.startswith(group + " ")]


def test_help_settings_lists_every_setting_with_its_variable():
    done = run("help", "settings")
    assert done.code == 0
    for words in ("serve.public.port  SERVE_PUBLIC_PORT", "dsn  DSN", "secrets.system  SECRETS_SYSTEM"):
        assert words in done.out
    assert "| `serve.public.port`" in run("help", "settings", "--markdown").out


def test_version_says_what_the_server_says(guarded):
    for words in ("version", "--version"):
        done = run(words)
        assert done.code == 0 and done.out == "hydrant %s\n" % guarded.public.get("/version").json["version"]


@pytest.mark.parametrize("words, says", [
    ([], "Usage: hydrant COMMAND"), (["nothing"], "no command nothing"), (["clients"], "no command clients"), (["clients", "nothing"], "no command clients nothing"), (["help", "clients", "nothing"], "no command clients"), (["help", "nothing"], "no command nothing"),
    (["version", "x"], "what is x?"), (["serve", "--nope"], "unknown option --nope"), (["serve", "x"], "what is x?"), (["serve", "-c"], "--config needs a value"), (["serve", "--dev=1"], "--dev takes no value"),
    (["migrate", "--dev=yes"], "--dev takes no value"), (["config", "check", "x"], "what is x?"), (["version", "-c", "x"], "what is -c?"),
    (["clients", "get"], "which client?"), (["clients", "get", "a", "b"], "which client?"), (["clients", "delete"], "which client?"), (["clients", "list", "x"], "what is x?"), (["clients", "create", "x"], "what is x?"),
    (["clients", "list", "--format", "xml"], "table or json"), (["clients", "get", "a", "--format="], "table or json"), (["clients", "create", "--id"], "--id needs a value"), (["clients", "list", "-c", "x"], "unknown option -c"),
    (["clients", "create", "--file", "x", "--id", "y"], "--file"),
    (["token", "inspect", "a", "b"], "what is b?"), (["token", "inspect", "a", "--format", "xml"], "table or json"), (["token", "inspect", "a", "--jwks", "x"], "unknown option --jwks"),
    (["token", "verify", "a"], "--jwks is missing"), (["token", "verify", "a", "b", "--jwks", "x"], "what is b?"), (["token", "verify", "a", "--jwks", "x", "--leeway", "soon"], "--leeway is a duration"),
    (["token", "verify", "a", "--jwks", "x", "--leeway", "25h"], "--leeway is a duration"), (["token", "verify", "a", "--jwks", "x", "--format", "xml"], "table or json"), (["clients", "create", "--scope", "api", "--file=x"], "--file"),
])
def test_wrong_use_is_2_and_says_where_to_read_on(words, says):
    done = run(*words)
    assert done.code == 2 and done.out == "", done
    assert says in done.err and ("See: hydrant help" in done.err or "Usage: hydrant COMMAND" in done.err or "Usage: hydrant clients COMMAND" in done.err)


# ---- health ----

def test_health_says_ready_of_a_server_that_is(guarded):
    done = run("health", "--endpoint", endpoint(guarded))
    assert done.code == 0 and done.out == "ready\n" and done.err == "", done
    assert json.loads(run("health", "--endpoint", endpoint(guarded), "--format", "json").out) == {"status": "ok"}


def test_health_is_1_where_nobody_answers(tmp_path):
    done = run("health", "--endpoint", "http://127.0.0.1:%d" % free_port())
    assert done.code == 1 and done.out == "" and done.err.startswith("hydrant health: "), done


# ---- config check, migrate, serve ----

def test_config_check_says_that_the_settings_are_good(tmp_path):
    path = settings_file(tmp_path)
    for words in (["-c", path], ["--config", path], ["--config=" + path], ["-c=" + path]):
        done = run("config", "check", *words)
        assert done.code == 0 and done.out == path + ": the settings are good\n" and done.err == "", done


def test_config_check_starts_and_connects_to_nothing(tmp_path):
    path = settings_file(tmp_path, dsn="postgres://hydrant:hunter2@192.0.2.1/hydrant", kratos={"public_url": "http://192.0.2.1"})
    assert run("config", "check", "-c", path).code == 0
    path = settings_file(tmp_path, dsn="sqlite://%s/new.db" % tmp_path)
    assert run("config", "check", "-c", path).code == 0 and not os.path.exists(tmp_path / "new.db")


@pytest.mark.parametrize("command", [["config", "check"], ["migrate"], ["serve"]])
def test_a_file_that_is_not_there_is_1(tmp_path, command):
    done = run(*command, "-c", str(tmp_path / "none.yml"))
    assert done.code == 1 and done.out == "" and "none.yml: can't be read: No such file or directory" in done.err


def test_migrate_makes_the_schema_and_again_finds_nothing_to_do(tmp_path, on_postgres, request):
    dsn = request.getfixturevalue("postgres").empty_database() if on_postgres else "sqlite://%s/new.db" % tmp_path
    path = settings_file(tmp_path, dsn=dsn)
    first, second = run("migrate", "-c", path), run("migrate", "-c", path)
    assert first.code == second.code == 0 and first.err == second.err == "", first
    assert len(first.out.splitlines()) > 1 and first.out.endswith("The schema is up to date.\n")
    assert second.out == "The schema is up to date.\n"


def test_migrate_needs_no_secret_that_only_a_server_needs(tmp_path):
    path = settings_file(tmp_path, dsn="sqlite://%s/new.db" % tmp_path, secrets={}, serve={"admin": {"host": "0.0.0.0"}})
    assert run("migrate", "-c", path).code == 0
    refused = run("serve", "-c", path)
    assert refused.code == 1 and "secrets.system: is required" in refused.err and "serve.admin.token is required" in refused.err, refused


def test_migrate_on_a_database_that_is_not_there_is_1_and_hides_its_password(tmp_path):
    done = run("migrate", "-c", settings_file(tmp_path, dsn="postgres://hydrant:hunter2@127.0.0.1:1/hydrant"))
    assert done.code == 1 and done.err.startswith("hydrant migrate: ") and "hunter2" not in done.out + done.err, done


def test_serve_on_a_port_that_is_taken_is_1_and_names_it(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "-c", settings_file(tmp_path, serve={"public": {"host": "127.0.0.1", "port": port}, "admin": {"port": free_port()}}))
    assert done.code == 1 and "127.0.0.1" in done.err and str(port) in done.err.splitlines()[-1], done


def test_serve_on_a_file_that_it_may_not_write_is_1_and_names_it(tmp_path):
    done = run("serve", "-c", settings_file(tmp_path, dsn="sqlite://%s/no/such/folder/hydrant.db" % tmp_path))
    assert done.code == 1 and "no/such/folder/hydrant.db" in done.err.splitlines()[-1] and "make the directory, or set dsn" in done.err, done


# ---- clients ----

def test_create_makes_a_client_and_shows_its_secret_once(hydrant, session):
    done = clients(hydrant, "create", "--name", "Backend", "--scope", "api")
    assert done.code == 0, done
    client_id, secret = row_of(done.out, "client_id"), row_of(done.out, "client_secret")
    assert len(secret) == 43 and row_of(done.out, "client_name") == "Backend" and row_of(done.out, "token_endpoint_auth_method") == "client_secret_basic"
    assert "shown this once" in done.err and secret not in done.err
    assert hydrant.exchange(session, client=None, headers={"Authorization": basic(client_id, secret)}).status == 200
    assert row_of(clients(hydrant, "get", client_id).out, "client_secret") is None


def test_create_takes_every_option(hydrant):
    client_id = new_id()
    done = clients(hydrant, "create", "--id", client_id, "--name=App", "--method", "none", "--scope", "api read", "--audience", "https://a.example.com", "--audience=https://b.example.com",
                   "--origin", "https://app.example.com", "--origin", "http://localhost:3000", "--grant-type", EXCHANGE, "--format", "json")
    assert done.code == 0 and done.err == "", done
    said = json.loads(done.out)
    said.pop("created_at")
    assert said == {"client_id": client_id, "client_name": "App", "token_endpoint_auth_method": "none", "scope": "api read", "audience": ["https://a.example.com", "https://b.example.com"],
                    "allowed_cors_origins": ["https://app.example.com", "http://localhost:3000"], "grant_types": [EXCHANGE]}


@pytest.mark.parametrize("way", ["file", "standard input"])
def test_create_takes_a_whole_record(hydrant, tmp_path, way):
    record = {"client_id": new_id(), "token_endpoint_auth_method": "none", "scope": "api", "refresh_token": {"grace": "30s", "coalesce": "5s"}, "metadata": {"team": "x"}}
    (tmp_path / "client.json").write_text(json.dumps(record))
    done = clients(hydrant, "create", "--file", str(tmp_path / "client.json") if way == "file" else "-", "--format", "json", given=json.dumps(record))
    assert done.code == 0, done
    assert {name: json.loads(done.out)[name] for name in record} == record


@pytest.mark.parametrize("words, says", [
    (["create", "--method", "none", "--scope", "offline_access"], "offline_access is for confidential clients only"), (["create", "--origin", "*"], "allowed_cors_origins"), (["create", "--grant-type", "password"], "grant_types"),
    (["create", "--id", "spa"], "exists already"), (["create", "--id="], "client_id"), (["create", "--file", "/no/such/file"], "/no/such/file can't be opened"), (["create", "--file", "/dev/null"], "is empty"), (["get", "no-such-client"], "no client"),
    (["delete", "no-such-client"], "no client"), (["delete", "spa"], "in the settings"),
])
def test_what_the_server_refuses_is_1_and_says_why(hydrant, words, says):
    done = clients(hydrant, *words)
    assert done.code == 1 and done.out == "" and done.err.startswith("hydrant clients %s: " % words[0]) and says in done.err, done


@pytest.mark.parametrize("format", [[], ["--format", "table"]])
def test_get_prints_a_table(hydrant, format):
    done = clients(hydrant, "get", "spa", *format)
    assert done.code == 0 and done.err == ""
    assert row_of(done.out, "client_id") == "spa" and row_of(done.out, "scope") == "api read" and row_of(done.out, "allowed_cors_origins") == '["https://app.example.com"]'


def test_get_prints_json_as_the_server_says_it(hydrant):
    assert json.loads(clients(hydrant, "get", "spa", "--format", "json").out) == hydrant.admin.get("/admin/clients/spa").json


def test_delete_deletes(hydrant):
    client_id = new_id() + "/&%"
    clients(hydrant, "create", "--id", client_id, "--method", "none")
    done = clients(hydrant, "delete", client_id)
    assert done.code == 0 and done.out == "deleted %s; its grants have ended\n" % client_id, done
    assert clients(hydrant, "get", client_id).code == 1


def test_list_prints_all_pages_each_client_once(hydrant):
    made = {new_id() for _ in range(205)}
    for client_id in made:
        hydrant.admin.post_json("/admin/clients", {"client_id": client_id, "token_endpoint_auth_method": "none", "scope": "api"})
    as_json, as_table = clients(hydrant, "list", "--format", "json"), clients(hydrant, "list")
    assert as_json.code == as_table.code == 0 and as_json.err == as_table.err == ""
    listed = [client["client_id"] for client in json.loads(as_json.out)]
    assert len(listed) == len(set(listed)) and made | {"spa", "backend"} <= set(listed)
    lines = as_table.out.splitlines()
    assert lines[0].split() == ["CLIENT_ID", "METHOD", "NAME", "SCOPE"] and [line.split()[0] for line in lines[1:]] == listed


# ---- where the server is ----

@pytest.mark.parametrize("environment", [{}, {"HYDRANT_ADMIN_TOKEN": ""}, {"HYDRANT_ADMIN_TOKEN": TOKEN + "x"}])
def test_without_the_admin_token_it_says_where_to_put_it(guarded, environment):
    done = clients(guarded, "list", environment=environment)
    assert done.code == 1 and done.out == "" and "HYDRANT_ADMIN_TOKEN" in done.err and TOKEN not in done.err, done


def test_the_admin_token_comes_from_the_environment(guarded):
    assert clients(guarded, "get", "spa", environment={"HYDRANT_ADMIN_TOKEN": TOKEN}).code == 0


def test_the_endpoint_may_come_from_the_environment_and_the_option_wins(hydrant):
    assert run("clients", "get", "spa", environment={"HYDRANT_ADMIN_ENDPOINT": endpoint(hydrant)}).code == 0
    assert clients(hydrant, "get", "spa", environment={"HYDRANT_ADMIN_ENDPOINT": "http://127.0.0.1:1"}).code == 0


@pytest.mark.parametrize("format", ["table", "json"])
@pytest.mark.parametrize("url, says", [("http://127.0.0.1:1", "is the server running, and is --endpoint right?"), ("ftp://127.0.0.1", "http"), ("nonsense", "http")])
def test_a_server_that_is_not_there_is_1_and_prints_nothing_that_looks_like_a_result(format, url, says):
    done = run("clients", "list", "--endpoint", url, "--format", format)
    assert done.code == 1 and done.out == "" and done.err.startswith("hydrant clients list: ") and says in done.err, done
