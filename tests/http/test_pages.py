"""What the pages show works as it is written: every block of settings passes `hydrant config check`, and mappings give what the page says."""
import glob
import json
import os
import re

import pytest
import yaml

from parts import ROOT, claims_of, default_settings, merge
from terminal import run

SETTINGS = {"dsn", "serve", "urls", "secrets", "kratos", "access_token", "refresh_token", "keys", "trusted_issuers", "clients", "hydra", "forward_auth", "log"}
OTHERS = re.compile(r"^# (Kratos|Oathkeeper|hydra\.yml|prometheus\.yml|Kubernetes)$", flags=re.M)
SECRETS = ["kJ8d7fh3nf83jf83nKf83jQ83jd8h3jdh38dj38"]


def blocks():
    for page in ["README.md"] + sorted(glob.glob("docs/*.md", root_dir=ROOT)):
        with open(os.path.join(ROOT, page), encoding="utf-8") as f:
            text = f.read()
        for found in re.finditer(r"^```yaml\n(.*?)^```", text, flags=re.S | re.M):
            block = found.group(1)
            names = set(re.findall(r"^([a-z_]+):", block, flags=re.M))
            if not OTHERS.search(block) and names and names <= SETTINGS:
                yield pytest.param(block, id="%s:%d" % (page, text.count("\n", 0, found.start()) + 1))


def complete(block):
    """with what a server needs beside it, and in place of what the reader has to fill in"""
    shown = yaml.safe_load(re.sub(r"\[(\.\.\.|REPLACE-ME)\]", json.dumps(SECRETS), block).replace("replace-me", "of-the-pages-7f3a9c"))
    needed = {"dsn": "memory", "secrets": {"system": SECRETS}, "serve": {"admin": {"host": "127.0.0.1"}}}
    return merge({**needed, **({"hydra": {"hook": {"enabled": True, "api_key": "Bearer of-the-pages-7f3a9c"}}} if "hydra" in shown else {})}, shown)


BLOCKS = list(blocks())


def test_there_are_such_blocks():
    assert len(BLOCKS) > 12


@pytest.mark.parametrize("block", BLOCKS)
def test_settings_that_a_page_shows_are_right(tmp_path, block):
    path = tmp_path / "hydrant.yml"
    path.write_text(yaml.safe_dump(complete(block), allow_unicode=True))
    done = run("config", "check", "-c", str(path))
    assert done.code == 0, done.err


def claims_on(page, start):
    """those of the page's first mapping of more than one claim that comes after start"""
    with open(os.path.join(ROOT, "docs", page), encoding="utf-8") as f:
        text = f.read()
    block = next(found for found in re.findall(r"^```yaml\n(.*?)^```", text[text.index(start):], flags=re.S | re.M) if "  claims:\n" in found and not OTHERS.search(found))
    return yaml.safe_load(block)["access_token"]["claims"]


def exchanged(start, kratos, mapped):
    """the claims of a token when these stand in place of the tests' own"""
    usual = default_settings(kratos, "memory")["access_token"]["claims"]
    hydrant = start({"access_token": {"claims": {**dict.fromkeys(usual), **mapped}}})
    return claims_of(hydrant.exchange(kratos.session(email="ada@example.org")).json["access_token"])


def test_the_mapping_beside_the_tokenizers_gives_what_its_jsonnet_gives(start, kratos):
    said = exchanged(start, kratos, claims_on("tokenizer.md", "## Jsonnet and jq"))
    assert said["email"] == "ada@example.org" and said["name"].startswith("Ada Lovelace") and said["plan"] == "gold"
    assert said["email_verified"] is False and said["methods"] == ["password"] and "mfa" not in said


def test_the_mapping_beside_oathkeepers_gives_what_its_template_gives(start, kratos):
    said = exchanged(start, kratos, claims_on("forward-auth.md", "## Moving from Oathkeeper"))
    assert said["email"] == "ada@example.org" and said["verified"] is False and "roles" not in said and said["sid"]
