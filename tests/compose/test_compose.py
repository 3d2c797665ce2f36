"""docker-compose.yml, without a container engine: `docker-compose config` reads it, and its Hydrant services' very commands, settings, secrets and rights run natively."""
import json
import os
import re
import shutil
import stat
import subprocess
import time

import pytest
import yaml

from parts import BUILD, ROOT, Http, free_port, sanitizer_environment, verify

COMPOSE = os.path.join(ROOT, "docker-compose.yml")
EXAMPLES = os.path.join(ROOT, "examples", "compose")
READY_DEADLINE_S = 30
NO_SECRETS = {("access_token", "jwt"), ("access_token", "15m"), ("token_endpoint_auth_method", "none")}
SECRET_WORDS = re.compile(r"(password|secret|token|api_key|salt)", re.I)


@pytest.fixture(scope="module")
def services():
    with open(COMPOSE, encoding="utf-8") as f:
        return yaml.safe_load(f)["services"]


# ---- the file ----

def find_compose():
    for words in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(words[0]) and subprocess.run([*words, "version"], capture_output=True).returncode == 0:
            return words
    pytest.skip("neither docker compose nor docker-compose runs here")


def test_docker_compose_takes_the_file():
    done = subprocess.run([*find_compose(), "-f", COMPOSE, "config", "--quiet"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_service_that_stays_up_has_a_health_check_and_others_wait_for_it(services):
    for name, service in services.items():
        once = "migrate" in name or name in ("make-secrets", "hydrant-rights")
        assert once or "healthcheck" in service, name
        for other, how in service.get("depends_on", {}).items():
            finished = "migrate" in other or other in ("make-secrets", "hydrant-rights")
            assert how["condition"] == ("service_completed_successfully" if finished else "service_healthy"), (name, other)


def test_only_public_ports_are_published_and_on_loopback(services):
    published = sorted(port for service in services.values() for port in service.get("ports", []))
    assert published == ["127.0.0.1:4433:4433", "127.0.0.1:4444:4444", "127.0.0.1:4455:4455", "127.0.0.1:4477:4477"]


def test_our_services_run_as_nobody_read_only_and_without_capabilities(services):
    for name in ("hydrant", "hydrant-migrate", "hydrant-rights", "kratos", "hydra", "app"):
        service = services[name]
        assert service["user"] == "65532:65532" and service["read_only"] is True and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def values_of(tree, path=()):
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from values_of(value, path + (str(name),))
    elif isinstance(tree, list):
        for value in tree:
            yield from values_of(value, path)
    else:
        yield path, tree


@pytest.mark.parametrize("name", ["docker-compose.yml", "examples/compose/hydrant.yml", "examples/compose/kratos.yml", "examples/compose/hydra.yml"])
def test_no_secret_is_baked_in(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        for path, value in values_of(yaml.safe_load(f)):
            if path and SECRET_WORDS.search(path[-1]) and isinstance(value, str):
                assert value.startswith("/secrets") or (path[-1], value) in NO_SECRETS, (path, value)


# ---- the secrets ----

@pytest.fixture(scope="module")
def made(tmp_path_factory, postgres_owner):
    """what make-secrets makes, for a database on this machine"""
    into = tmp_path_factory.mktemp("compose")
    into.chmod(0o711)
    secrets = into / "secrets"
    secrets.mkdir(mode=0o711)
    make_secrets(secrets, postgres_owner)
    return secrets


@pytest.fixture(scope="module")
def postgres_owner():
    return os.environ["HYDRANT_TEST_PG_USER"] if os.geteuid() == 0 else str(os.getuid())


def make_secrets(into, postgres_owner):
    host, port = re.search(r"@([^:/]+):(\d+)/", os.environ["HYDRANT_HTTP_DSN"]).groups()
    services_owner = "65532:65532" if os.geteuid() == 0 else str(os.getuid())
    subprocess.run([os.path.join(EXAMPLES, "make-secrets"), str(into)], check=True,
                   env={**os.environ, "POSTGRES_HOST": "%s:%s" % (host, port), "POSTGRES_OWNER": postgres_owner, "SERVICE_OWNER": services_owner})


def contents(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_secrets_are_made_once_and_stay(made, postgres_owner):
    before = contents(made)
    make_secrets(made, postgres_owner)
    assert contents(made) == before and len(before) > 12


def test_two_set_ups_share_no_secret(made, tmp_path, postgres_owner):
    make_secrets(tmp_path, postgres_owner)
    ours, theirs = contents(made), contents(tmp_path)
    assert set(ours) == set(theirs)
    assert not [name for name in ours if ours[name] == theirs[name]]


def test_each_secret_is_readable_by_its_service_alone(made):
    for path in made.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_what_kratos_and_hydra_get_is_yaml_with_a_dsn_and_long_secrets(made):
    for name in ("kratos", "hydra"):
        settings = yaml.safe_load((made / name / "secrets.yml").read_text())
        assert settings["dsn"].startswith("postgres://%s:" % name)
        assert all(len(secret) >= 32 for secrets in settings["secrets"].values() for secret in secrets)
    assert settings["oauth2"]["token_hook"]["auth"]["config"]["value"] == (made / "hydrant" / "hydra_hook_key").read_text().strip()
    web_hook = yaml.safe_load((made / "kratos" / "secrets.yml").read_text())["selfservice"]["flows"]["settings"]["after"]["password"]["hooks"][1]["config"]
    assert web_hook["auth"]["config"]["value"] == (made / "hydrant" / "kratos_hook_key").read_text().strip()
    assert os.path.exists(web_hook["body"].replace("file:///etc/kratos-hooks", os.path.join(ROOT, "examples", "kratos")))


def test_the_hooks_call_the_admin_port_by_the_name_that_it_answers_to(made, services):
    """the admin port refuses a Host that is neither serve.admin.host nor an address: a page could have its own name point there"""
    with open(os.path.join(EXAMPLES, "hydrant.yml"), encoding="utf-8") as f:
        host = yaml.safe_load(f)["serve"]["admin"]["host"]
    called = re.findall(r"http://([^:/]+):4478", (made / "kratos" / "secrets.yml").read_text() + (made / "hydra" / "secrets.yml").read_text() + json.dumps(services))
    assert host in services and set(called) == {host} and len(called) == 4


# ---- the Hydrant services, natively ----

class Native:
    """A service's command, environment and files as the compose file has them, where a container's paths are folders of this machine."""

    def __init__(self, service, secrets, ports):
        self.service, self.secrets, self.ports = service, str(secrets), ports

    def here(self, text):
        return text.replace("/etc/hydrant", EXAMPLES).replace("/secrets", self.secrets)

    def environment(self):
        return {name: self.here(value) for name, value in self.service.get("environment", {}).items()}

    def command(self):
        return [os.path.join(BUILD, "hydrant")] + [self.here(word) for word in self.service["command"]]

    def everything(self):
        return {**os.environ, **sanitizer_environment(), **self.environment(), **self.ports}


@pytest.fixture(scope="module")
def databases(made, postgres):
    """make-databases, as the image of Postgres runs it: as its superuser, in an empty server"""
    postgres_dsn = re.sub(r"/hydrant(\?|$)", r"/postgres\1", os.environ["HYDRANT_HTTP_DSN"])
    subprocess.run([postgres.program("psql"), "-X", "-q", "-d", postgres_dsn, "-c", "DROP DATABASE hydrant"], check=True, cwd="/")
    host, port = re.search(r"@([^:/]+):(\d+)/", postgres_dsn).groups()
    subprocess.run([os.path.join(EXAMPLES, "make-databases")], check=True, cwd="/",
                   env={**os.environ, "PASSWORDS": str(made / "postgres"), "PGHOST": host, "PGPORT": port, "PGUSER": "hydrant"})
    return {"PGHOST": host, "PGPORT": port}


def run_rights(service, made, databases):
    native = Native(service, made / "hydrant-migrate", databases)
    shell, dash_c, words = service["entrypoint"]
    return subprocess.run([shell, dash_c, native.here(words).replace("$$", "$")], env={**native.everything(), **databases}, capture_output=True, text=True, cwd="/")


@pytest.fixture(scope="module")
def migrated_database(services, made, databases):
    native = Native(services["hydrant-migrate"], made / "hydrant-migrate", databases)
    for _ in range(2):  # and once more, as at the second start
        done = subprocess.run(native.command(), env=native.everything(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        done = run_rights(services["hydrant-rights"], made, databases)
        assert done.returncode == 0, done.stderr
    return databases


@pytest.fixture(scope="module")
def running(services, made, kratos, migrated_database):
    ports = {"SERVE_ADMIN_HOST": "127.0.0.1", "SERVE_PUBLIC_PORT": str(free_port()), "SERVE_ADMIN_PORT": str(free_port()), "KRATOS_PUBLIC_URL": kratos.public_url, "KRATOS_ADMIN_URL": kratos.admin_url}
    native = Native(services["hydrant"], made / "hydrant", ports)
    child = subprocess.Popen(native.command(), env=native.everything(), stderr=subprocess.PIPE, text=True)
    native.public, native.admin = Http(int(ports["SERVE_PUBLIC_PORT"])), Http(int(ports["SERVE_ADMIN_PORT"]))
    deadline = time.monotonic() + READY_DEADLINE_S
    while ask_health(services, native).returncode != 0:
        assert child.poll() is None, child.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield native
    child.terminate()
    _, said = child.communicate(timeout=40)
    assert child.returncode == 0 and "Sanitizer" not in said, said[-3000:]


def ask_health(services, native):
    kind, program, *words = services["hydrant"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "hydrant")
    return subprocess.run([os.path.join(BUILD, program), *words], capture_output=True, text=True,
                          env={**os.environ, **sanitizer_environment(), "HYDRANT_ADMIN_ENDPOINT": "http://127.0.0.1:%d" % native.admin.port})


def test_the_hydrant_service_exchanges_a_session_with_the_settings_of_the_compose_file(running, kratos):
    session = kratos.session()
    body = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&client_id=spa&subject_token_type=urn:hydrant:token-type:kratos-session&subject_token=" + session["session_token"]
    answer = running.public.request("POST", "/oauth2/token", body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 200, answer
    claims = verify(answer.json["access_token"], running.public.get("/.well-known/jwks.json").json)
    assert claims["iss"] == "http://127.0.0.1:4477" and "@" in claims["email"]
    refreshed = running.public.request("POST", "/oauth2/token", "grant_type=refresh_token&client_id=spa&refresh_token=" + answer.json["refresh_token"],
                                       {"Content-Type": "application/x-www-form-urlencoded"})
    assert refreshed.status == 200, refreshed


def test_its_admin_api_asks_for_the_token_that_was_made(running, made):
    assert running.admin.get("/admin/keys").status == 401
    token = (made / "hydrant" / "admin_token").read_text().strip()
    assert running.admin.get("/admin/keys", {"Authorization": "Bearer " + token}).status == 200


def hook(running, path, key, body):
    return running.admin.request("POST", path, json.dumps(body), {"Content-Type": "application/json", "Authorization": key})


def test_both_hooks_take_the_keys_that_were_made(running, made, kratos):
    session = kratos.session()
    payload = {"session": {"id_token": {"subject": session["identity_id"], "id_token_claims": {"ext": {}}}, "extra": {"kratos_session_id": session["session_id"]}, "client_id": "x"},
               "request": {"client_id": "x", "granted_scopes": [], "granted_audience": [], "grant_types": ["refresh_token"], "payload": {"grant_type": ["refresh_token"]}}}
    hydra_key, kratos_key = (made / "hydrant" / "hydra_hook_key").read_text().strip(), (made / "hydrant" / "kratos_hook_key").read_text().strip()
    answer = hook(running, "/hooks/hydra/token", hydra_key, payload)
    assert answer.status == 200 and "@" in answer.json["session"]["access_token"]["email"], answer
    assert hook(running, "/hooks/hydra/token", kratos_key, payload).status == 401
    assert hook(running, "/hooks/kratos/revoke", kratos_key, {"session_id": session["session_id"]}).json == {"revoked": 0}
    assert hook(running, "/hooks/kratos/revoke", hydra_key, {"session_id": session["session_id"]}).status == 401


def test_its_health_check_says_no_where_nobody_answers(services, running):
    running_port = running.admin.port
    running.admin.port = free_port()
    try:
        done = ask_health(services, running)
    finally:
        running.admin.port = running_port
    assert done.returncode == 1 and "127.0.0.1" in done.stderr


def test_the_role_that_serves_can_change_no_table(postgres, made, migrated_database):
    dsn = (made / "hydrant" / "dsn").read_text().strip()
    done = subprocess.run([postgres.program("psql"), "-X", "-q", "-d", dsn, "-c", "ALTER TABLE grants ADD COLUMN more text"], capture_output=True, text=True, cwd="/")
    assert done.returncode != 0 and "must be owner" in done.stderr


def test_the_page_on_storage_names_the_same_rights():
    with open(os.path.join(ROOT, "docs", "storage.md"), encoding="utf-8") as page, open(os.path.join(EXAMPLES, "rights.sql"), encoding="utf-8") as rights:
        said = [line for line in page.read().splitlines() if line.startswith("GRANT") and "hydrant_serve" in line]
        assert said == [line.rstrip() for line in rights if line.startswith("GRANT")]


# ---- the image ----

@pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")
def test_the_image_has_every_library_that_the_program_needs(tmp_path):
    """image-files and what the base image brings, as a root of its own: the program runs there as nobody"""
    program = os.path.join(ROOT, "build", "release", "hydrant")
    if not os.path.exists(program):
        pytest.skip("no release build")
    root = tmp_path / "image"
    root.mkdir()
    subprocess.run([os.path.join(ROOT, "scripts", "image-files"), program, str(root)], check=True)
    linked = [line.split()[-2] for line in subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout.splitlines() if "/" in line]
    of_the_base_image = [path for path in linked if not (root / "usr/lib/hydrant" / os.path.basename(path)).exists()]
    assert all(re.match(r"(lib(c|m|resolv|ssl|crypto|pthread|dl)\.so|ld-linux)", os.path.basename(path)) for path in of_the_base_image), of_the_base_image
    for path in of_the_base_image:
        (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.realpath(path), root / path[1:])
    done = subprocess.run(["chroot", "--userspec=65532:65532", str(root), "/usr/bin/hydrant", "help"], capture_output=True, text=True, env={"LD_LIBRARY_PATH": "/usr/lib/hydrant", "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    assert done.returncode == 0 and "Usage: hydrant COMMAND" in done.stdout, done.stderr
    assert "libh2o-evloop0.13" in os.listdir(root / "var/lib/dpkg/status.d")
