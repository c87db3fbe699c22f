"""Tokens by a grant, from an endpoint on loopback that is verified as any other server."""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from mailtls.delivery.credentials import Grant
from mailtls.delivery.oauth import fetch_token
from mailtls.delivery.secrecy import Secret
from mailtls.evidence import Missing
from mailtls.flow import RefusalKind, Refused, Withheld, WithheldKind
from mailtls.probe.web import Web
from mailtls.terms import Cause
from probe.peers import AUTHORITY, NAME, network, peer, settings

GRANT = Grant(
    token_url=f"https://{NAME}/tenant/token",
    client_id="id &=",
    client_secret=Secret("canary&client"),
    refresh_token=None,
    scope="https://outlook.example/.default",
)
REFRESH = replace(GRANT, refresh_token=Secret("canary+refresh"))
GOOD = {"access_token": "ya29.a0-_~+/b==", "token_type": "Bearer", "expires_in": 3599}


def fetched(tmp_path, grant, body, *, status=200, name=NAME):
    """Ask an endpoint that answers once; return the result and the request it heard."""
    leaf = AUTHORITY.issue(name)
    chain = tmp_path / "chain.pem"
    chain.write_bytes(leaf.key + leaf.chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    heard: list[bytes] = []
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def talk(connection):
        with context.wrap_socket(connection, server_side=True) as inside:
            heard.append(inside.recv(65536))
            head = f"HTTP/1.1 {status} Said\r\nContent-Length: {len(data)}\r\n\r\n"
            inside.sendall(head.encode() + data)

    with peer(talk) as (port, _):
        web = Web(
            network=network(),
            settings=settings(),
            routes=lambda service: replace(service, host="127.0.0.1", port=port),
        )
        return asyncio.run(fetch_token(grant, web)), heard


def form_of(request: bytes) -> dict[str, list[str]]:
    return parse_qs(request.partition(b"\r\n\r\n")[2].decode())


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        (GRANT, {"grant_type": ["client_credentials"]}),
        (REFRESH, {"grant_type": ["refresh_token"], "refresh_token": ["canary+refresh"]}),
    ],
)
def test_a_token_is_asked_for_as_the_rfc_says(tmp_path, grant, said):
    token, (request,) = fetched(tmp_path, grant, GOOD)
    assert isinstance(token, Secret)
    assert token.reveal() == GOOD["access_token"]
    assert request.startswith(b"POST /tenant/token HTTP/1.1\r\n")
    assert b"application/x-www-form-urlencoded" in request
    assert form_of(request) == {
        "client_id": ["id &="],
        "client_secret": ["canary&client"],
        "scope": ["https://outlook.example/.default"],
        **said,
    }


def test_a_public_client_has_no_secret(tmp_path):
    grant = replace(REFRESH, client_secret=None, scope="")
    _, (request,) = fetched(tmp_path, grant, GOOD)
    assert form_of(request).keys() == {"client_id", "grant_type", "refresh_token"}


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_grant_says_why(tmp_path, status):
    body = {"error": "invalid_grant", "error_description": "AADSTS70043: expired"}
    refused, _ = fetched(tmp_path, REFRESH, body, status=status)
    assert isinstance(refused, Refused)
    assert refused.kind is RefusalKind.AUTHENTICATION
    assert refused.reply.code == str(status)
    assert refused.reply.lines == (
        f"the token endpoint {NAME}: invalid_grant: AADSTS70043: expired",
    )


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (503, b"", Cause.THROTTLED),
        (302, b"", Cause.THROTTLED),
        (200, b"<html>", Cause.MALFORMED),
        (200, [], Cause.MALFORMED),
        (200, {"token_type": "Bearer"}, Cause.MALFORMED),
        (200, {**GOOD, "access_token": "a b"}, Cause.MALFORMED),
        (200, {**GOOD, "access_token": "a\x01auth=x"}, Cause.MALFORMED),
        (200, {**GOOD, "access_token": 5}, Cause.MALFORMED),
        (200, {**GOOD, "token_type": "mac"}, Cause.MALFORMED),
        (200, b"[" * 100_000, Cause.MALFORMED),
    ],
)
def test_what_is_no_token_is_missing(tmp_path, status, body, cause):
    missing, _ = fetched(tmp_path, GRANT, body, status=status)
    assert isinstance(missing, Missing)
    assert missing.cause is cause


def test_nothing_is_said_to_an_endpoint_that_cannot_be_verified(tmp_path):
    missing, heard = fetched(tmp_path, GRANT, GOOD, name="other.example.test")
    assert isinstance(missing, Missing)
    assert not any(heard)


@pytest.mark.parametrize("url", [f"http://{NAME}/token", "ftp://x/", "token", "https://u:p@x/"])
def test_nothing_is_sent_but_by_https(tmp_path, url):
    withheld, heard = fetched(tmp_path, replace(GRANT, token_url=url), GOOD)
    assert isinstance(withheld, Withheld)
    assert withheld.kind is WithheldKind.UNUSABLE
    assert heard == []
