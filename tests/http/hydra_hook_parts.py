"""hydra_hook_parts: a server with Hydra's token hook, and what a real Hydra sent to its hook (tests/data/hydra)."""
import json
import os

import pytest

from parts import ROOT, Hydrant, default_settings, merge

KEY = "Bearer 3f9c1a7e5b2d8846"
HOOK = {
    "enabled": True, "api_key": KEY,
    "access_token": {"claims": {"email": ".identity.traits.email", "n": ".identity.metadata_public.n", "first": ".identity.traits.name.first",
                                "grant": "$hydra.request.payload.grant_type[0] // \"legacy\"", "aal": ".authenticator_assurance_level"}},
    "id_token": {"claims": {"name": ".identity.traits.name | \"\\(.first) \\(.last)\""}},
    "kratos_session": ".session.extra.kratos_session_id",
}


def recording(name):
    with open(os.path.join(ROOT, "tests", "data", "hydra", name + ".json"), encoding="utf-8") as f:
        return json.loads(json.load(f)["body"])


def of(session, name="refresh", **extra):
    """what Hydra would send for this person; extra: claims of the access token that came"""
    payload = recording(name)
    payload["session"]["id_token"]["subject"] = session["identity_id"]
    payload["session"]["id_token"]["id_token_claims"]["sub"] = session["identity_id"]
    if extra:
        payload["session"]["extra"] = {**(payload["session"]["extra"] or {}), **extra}
    return payload


def tied(session, name="refresh", **extra):
    return of(session, name, kratos_session_id=session["session_id"], **extra)


def hook(server, payload, headers=None):
    body = payload if isinstance(payload, (str, bytes)) else json.dumps(payload)
    usual = {"Authorization": KEY, "Content-Type": "application/json; charset=UTF-8"}
    return server.admin.request("POST", "/hooks/hydra/token", body, usual if headers is None else headers)


@pytest.fixture(scope="module")
def hooked(kratos, fresh_dsn, migrated):
    """one worker, so that what is remembered is remembered for all; every answer looks, unless a test says otherwise"""
    server = Hydrant(merge(default_settings(kratos, fresh_dsn()), with_hook()))
    yield server
    server.stop()


def with_hook(revalidate_after="0s", **changes):
    return {"serve": {"workers": 1}, "hydra": {"hook": merge(json.loads(json.dumps(HOOK)), changes)}, "kratos": {"session": {"revalidate_after": revalidate_after}}}


def claims(answer):
    assert answer.status == 200, answer
    assert answer.header("Content-Type") == "application/json"
    assert list(answer.json) == ["session"] and list(answer.json["session"]) == ["access_token", "id_token"]
    return answer.json["session"]["access_token"], answer.json["session"]["id_token"]
