"""The walk through the upgrade: what is said, in which order, and where it stops."""

from __future__ import annotations

import pytest

from mailtls.evidence import Capabilities, Missing, Reply, Skipped, UpgradeEvidence
from mailtls.probe.questions import UpgradeQuestion
from mailtls.terms import Cause, Phase, Protocol
from probe.peers import NAME, peer, says
from probe.test_boundary import ask
from probe.upgrading import Faults, server

HELLO = "EHLO probe.example.test"


def question(protocol: Protocol = Protocol.SMTP, *, clear: bool = True) -> UpgradeQuestion:
    return UpgradeQuestion(protocol=protocol, server_name=NAME, clear=clear)


def test_smtp_says_mail_before_and_behind_tls_and_takes_it_back():
    with server("smtp", Faults()) as (port, served):
        seen, client = ask(port, question())

    mail = "MAIL FROM:<>"
    assert client == [
        *[mail, HELLO, mail, "STARTTLS"],
        *[mail, HELLO, mail, "RSET", "STARTTLS", "QUIT"],
    ]
    assert isinstance(seen, UpgradeEvidence)
    assert [seen.unannounced.code, seen.clear.code] == ["530", "530"]
    assert [seen.forgotten.code, seen.protected.code, seen.again.code] == ["503", "250", "503"]
    assert seen.tls is True
    assert len(served) == 1


def test_nothing_is_said_in_clear_where_that_is_not_wanted():
    with server("smtp", Faults()) as (port, _):
        seen, client = ask(port, question(clear=False))

    assert client[:2] == [HELLO, "STARTTLS"]
    assert isinstance(seen.unannounced, Skipped)
    assert isinstance(seen.clear, Skipped)
    assert isinstance(seen.protected, Reply)


@pytest.mark.parametrize(
    ("protocol", "second"), [(Protocol.IMAP, "STARTTLS"), (Protocol.POP3, "STLS")]
)
def test_other_protocols_try_nothing_but_a_second_upgrade(protocol, second):
    with server(protocol.value, Faults()) as (port, _):
        seen, client = ask(port, question(protocol, clear=False))

    assert client[-2].endswith(second)
    assert isinstance(seen.protected, Skipped)
    assert isinstance(seen.after, Capabilities)
    assert seen.again.code in {"BAD", "-ERR"}


def test_behind_a_second_go_ahead_nothing_more_is_said():
    with server("smtp", Faults(nests=True)) as (port, _):
        seen, client = ask(port, question())

    assert seen.again.code == "220"
    assert client[-1] == "STARTTLS"


@pytest.mark.parametrize(
    ("parts", "phase", "cause"),
    [
        ((b"554 no\r\n",), Phase.GREETING, Cause.REFUSED),
        ((b"220 h\r\n", b"nonsense\r\n"), Phase.CAPABILITY, Cause.MALFORMED),
        ((b"220 h\r\n", b"503 EHLO\r\n", b"421 busy\r\n"), Phase.CAPABILITY, Cause.THROTTLED),
        ((b"220 h\r\n", b"503 no\r\n", b"250 h\r\n", b"503 no\r\n"), Phase.UPGRADE, None),
        (
            (
                *(b"220 h\r\n", b"503 no\r\n", b"250-h\r\n250 STARTTLS\r\n", b"503 no\r\n"),
                *(b"220 go\r\n", b"no TLS\r\n"),
            ),
            Phase.HANDSHAKE,
            None,
        ),
    ],
)
def test_it_says_where_and_why_it_stopped(parts, phase, cause):
    with peer(says(*parts)) as (port, _):
        seen, _ = ask(port, question())

    assert isinstance(seen.tls, Missing)
    assert (seen.tls.phase, seen.tls.cause) == (phase, cause or Cause.PREREQUISITE)
    assert seen.again == seen.tls


def test_a_server_that_hangs_up_inside_tls_leaves_the_rest_missing():
    with server("smtp", Faults(answers={"tls MAIL": "421 later\r\n", "tls EHLO": "x\r\n"})) as (
        port,
        _,
    ):
        seen, _ = ask(port, question())

    assert seen.forgotten.code == "421"
    for step in (seen.after, seen.protected, seen.again):
        assert isinstance(step, Missing)
        assert step.cause is Cause.MALFORMED
