"""Logins offered on a connection in clear, as each protocol lists them."""

from __future__ import annotations

import pytest

from mailtls.evidence import Capabilities
from mailtls.rules.auth_before_tls import _exposed
from mailtls.terms import Outcome, Protocol
from probe.upgrading import Faults, server, verdicts


def offers(*names: str, mechanisms: tuple[str, ...] = ()) -> Capabilities:
    return Capabilities(names=names, mechanisms=mechanisms)


@pytest.mark.parametrize(
    ("protocol", "before", "exposed"),
    [
        (Protocol.SMTP, offers("STARTTLS"), ()),
        (Protocol.SMTP, offers("AUTH", mechanisms=("CRAM-MD5",)), ("CRAM-MD5",)),
        (Protocol.IMAP, offers("STARTTLS", "LOGINDISABLED"), ()),
        (Protocol.IMAP, offers("STARTTLS"), ("the LOGIN command",)),
        (Protocol.IMAP, offers("LOGINDISABLED", mechanisms=("PLAIN",)), ("PLAIN",)),
        (Protocol.IMAP, offers("LOGINDISABLED", mechanisms=("SCRAM-SHA-256",)), ()),
        (Protocol.POP3, offers("STLS", "SASL"), ()),
        (Protocol.POP3, offers("STLS", "USER"), ("the USER command",)),
        (Protocol.POP3, offers("STLS", mechanisms=("PLAIN",)), ("PLAIN",)),
        (Protocol.SIEVE, offers("STARTTLS", "SASL"), ()),
        (Protocol.SIEVE, offers("SASL", mechanisms=("PLAIN", "EXTERNAL")), ("PLAIN",)),
    ],
)
def test_each_protocol_says_it_in_its_own_way(protocol, before, exposed):
    assert _exposed(protocol, before) == exposed


@pytest.mark.parametrize("protocol", ["smtp", "imap", "pop3", "sieve"])
def test_none_passes_with_one_connection(protocol):
    with server(protocol, Faults()) as (port, served):
        (seen,) = verdicts(port, protocol, "auth-before-tls")

    assert seen.outcome is Outcome.PASS
    assert len(served) == 1


def test_the_trap_of_a_private_address_is_named_unless_another_server_greets():
    answers = {"EHLO": "250-h\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"}
    with server("smtp", Faults(answers=answers)) as (port, _):
        (unknown,) = verdicts(port, "smtp", "auth-before-tls")
    with server("smtp", Faults(answers=answers, greeting="220 h ESMTP Postfix\r\n")) as (port, _):
        (postfix,) = verdicts(port, "smtp", "auth-before-tls")

    assert (unknown.outcome, postfix.outcome) == (Outcome.FAIL, Outcome.FAIL)
    assert "`login_trusted_networks`" in unknown.message
    assert postfix.message == "a login is offered before TLS"
    assert "smtpd_tls_auth_only" in postfix.remedy


def test_a_greeting_that_never_comes_decides_nothing():
    with server("imap", Faults(greeting="* BYE busy\r\n")) as (port, _):
        (seen,) = verdicts(port, "imap", "auth-before-tls")

    assert seen.outcome is Outcome.INCONCLUSIVE
