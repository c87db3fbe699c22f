"""Logins over the dialogue of SMTP: one attempt, nothing shown, no server believed unproved."""

from __future__ import annotations

import asyncio
import base64

import pytest
from OpenSSL import SSL

from delivery.postbox import CREDENTIAL, ENDPOINT, postbox, tools
from lab.gnusasl import GnuSasl
from mailtls.delivery.credentials import Credential
from mailtls.delivery.login import LoggedIn, login
from mailtls.delivery.secrecy import Redactor, Secret
from mailtls.delivery.visit import visit
from mailtls.evidence import Missing
from mailtls.flow import RefusalKind, Refused, Stage, Withheld, WithheldKind
from probe.peers import AUTHORITY, NAME, peer

TOKEN = Credential(name="SMTP", username="probe", token=Secret("canary-token"))


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def logged_in(box, credential=CREDENTIAL, **changes):
    means = tools(box.port, **changes)
    return asyncio.run(visit(ENDPOINT, means, lambda inside: login(inside, credential, means)))


def test_plain_goes_in_one_line_that_is_not_shown():
    with postbox() as box:
        visited = logged_in(box)
    assert visited.outcome == LoggedIn(mechanism="PLAIN")
    assert box.heard[1] == f"AUTH PLAIN {b64(chr(0) + 'probe' + chr(0) + 'canary-value')}"
    said = [line.text for line in visited.transcript]
    assert "AUTH PLAIN ***" in said
    assert Redactor(CREDENTIAL.secrets)("\n".join(said)) == "\n".join(said)


def test_a_wrong_password_is_tried_once_and_noted():
    noted = []
    answers = {"AUTH": "535 5.7.8 Error: authentication failed"}
    with postbox(answers=answers, offered=("AUTH LOGIN PLAIN CRAM-MD5",)) as box:
        visited = logged_in(box, refused=lambda *case: noted.append(case))
    assert isinstance(visited.outcome, Refused)
    assert (visited.outcome.stage, visited.outcome.kind) == (Stage.AUTH, RefusalKind.AUTHENTICATION)
    assert [line.split()[0] for line in box.heard] == ["EHLO", "AUTH", "QUIT"]
    assert noted == [("SMTP", visited.outcome)]


def test_a_temporary_failure_is_no_wrong_password():
    noted = []
    with postbox(answers={"AUTH": "454 4.7.0 Temporary authentication failure"}) as box:
        visited = logged_in(box, refused=lambda *case: noted.append(case))
    assert isinstance(visited.outcome, Refused)
    assert visited.outcome.kind is RefusalKind.TEMPORARY
    assert noted == []


def test_login_answers_its_two_challenges():
    answers = {
        "AUTH LOGIN": f"334 {b64('Username:')}",
        b64("probe"): f"334 {b64('Password:')}",
        b64("canary-value"): "235 in",
    }
    with postbox(offered=("AUTH LOGIN",), answers={**answers, "AUTH": "504 no"}) as box:
        visited = logged_in(box)
    assert visited.outcome == LoggedIn(mechanism="LOGIN")
    shown = [f"{line.side}: {line.text}" for line in visited.transcript]
    start = shown.index("C: AUTH LOGIN")
    assert shown[start : start + 6] == [
        "C: AUTH LOGIN",
        "S: 334 ***",
        "C: ***",
        "S: 334 ***",
        "C: ***",
        "S: 235 in",
    ]


def test_a_long_token_waits_for_the_first_challenge():
    token = Credential(name="SMTP", username="probe", token=Secret("t" * 2000))
    answers = {"AUTH XOAUTH2": "334 ", "dXNlcj": "235 in"}
    with postbox(offered=("AUTH XOAUTH2",), answers={**answers, "AUTH": "504 no"}) as box:
        visited = logged_in(box, token)
    assert visited.outcome == LoggedIn(mechanism="XOAUTH2")
    assert box.heard[1] == "AUTH XOAUTH2"


@pytest.mark.parametrize(("name", "answer"), [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")])
def test_the_reason_of_an_expired_token_is_taken_and_acknowledged(name, answer):
    reason = b64('{"status":"invalid_token","scope":"mail"}')
    answers = {f"AUTH {name}": f"334 {reason}", answer: "535 5.7.8 expired"}
    script = {**answers, "QUIT": "221 bye", "": "535 5.7.8 expired"}
    with postbox(offered=(f"AUTH {name}",), answers=script) as box:
        visited = logged_in(box, TOKEN)
    assert isinstance(visited.outcome, Refused)
    assert visited.outcome.kind is RefusalKind.AUTHENTICATION
    assert box.heard[2] == answer
    assert any("invalid_token" in line.text for line in visited.transcript)


def test_what_is_not_offered_is_not_tried():
    with postbox(offered=("AUTH GSSAPI NTLM",)) as box:
        visited = logged_in(box)
    assert isinstance(visited.outcome, Withheld)
    assert visited.outcome.kind is WithheldKind.NOT_OFFERED
    assert "GSSAPI, NTLM" in visited.outcome.detail
    assert [line.split()[0] for line in box.heard] == ["EHLO", "QUIT"]


def test_a_login_that_no_mechanism_carries_is_not_begun():
    odd = Credential(name="SMTP", username="a\x00b", password=Secret("canary-value"))
    with postbox() as box:
        visited = logged_in(box, odd)
    assert isinstance(visited.outcome, Withheld)
    assert visited.outcome.kind is WithheldKind.UNUSABLE
    assert [line.split()[0] for line in box.heard] == ["EHLO", "QUIT"]


@pytest.mark.parametrize(
    ("challenge", "why"),
    [
        ("334 not base64!", "no base64"),
        (f"334 {b64('e=other-error')}", "not one of SCRAM"),
    ],
)
def test_an_exchange_that_goes_wrong_is_called_off(challenge, why):
    answers = {"AUTH": challenge, "*": "501 cancelled"}
    with postbox(offered=("AUTH SCRAM-SHA-256",), answers=answers) as box:
        visited = logged_in(box)
    assert isinstance(visited.outcome, Missing)
    assert why in visited.outcome.detail
    assert box.heard[2] == "*"


def bound_server(tmp_path, seen: list[str]):
    """Return a talk that exports its own session's key and lets GNU SASL decide on the login."""
    leaf = AUTHORITY.issue(NAME)
    (tmp_path / "chain.pem").write_bytes(leaf.chain)
    (tmp_path / "key.pem").write_bytes(leaf.key)
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(str(tmp_path / "chain.pem"))
    context.use_privatekey_file(str(tmp_path / "key.pem"))

    def talk(connection):
        connection.settimeout(None)
        inside = SSL.Connection(context, connection)
        inside.set_accept_state()
        inside.do_handshake()
        binding = inside.export_keying_material(b"EXPORTER-Channel-Binding", 32, None)

        def say(text: str) -> str:
            inside.sendall(f"{text}\r\n".encode())
            return inside.recv(4096).decode().strip()

        say("220 hi")
        first = say("250-box\r\n250 AUTH PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS").split()
        seen.append(first[1])
        with GnuSasl("SCRAM-SHA-256-PLUS", "probe", "canary-value") as sasl:
            server_first = sasl.say(base64.b64decode(first[2]), binding)
            final = say(f"334 {base64.b64encode(server_first).decode()}")
            server_final = sasl.say(base64.b64decode(final))
        assert say(f"334 {base64.b64encode(server_final).decode()}") == ""
        seen.append(say("235 in"))
        inside.sendall(b"221 bye\r\n")

    return talk


def test_a_login_is_bound_to_the_very_session(tmp_path):
    seen: list[str] = []
    with peer(bound_server(tmp_path, seen)) as (port, _):
        means = tools(port)
        visited = asyncio.run(visit(ENDPOINT, means, lambda each: login(each, CREDENTIAL, means)))
    assert visited.outcome == LoggedIn(mechanism="SCRAM-SHA-256-PLUS")
    assert seen == ["SCRAM-SHA-256-PLUS", "QUIT"]


def test_a_success_without_proof_is_none():
    with postbox(offered=("AUTH SCRAM-SHA-256",), answers={"AUTH": "235 come in"}) as box:
        visited = logged_in(box)
    assert isinstance(visited.outcome, Missing)
    assert "proved itself" in visited.outcome.detail
    assert [line.split()[0] for line in box.heard] == ["EHLO", "AUTH"]


def test_a_server_that_never_ends_is_left():
    with postbox(offered=("AUTH XOAUTH2",), answers={"AUTH": "334 ", "": "334 "}) as box:
        visited = logged_in(box, TOKEN)
    assert isinstance(visited.outcome, Missing)
    assert len(box.heard) < 10
