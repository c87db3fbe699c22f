"""Logins without SASL, for stores that have nothing else."""

from __future__ import annotations

import pytest

from mailtls.delivery.credentials import Credential
from mailtls.delivery.mechanism import SaslError
from mailtls.delivery.passwords import commands
from mailtls.delivery.secrecy import Secret
from mailtls.evidence import Capabilities
from mailtls.terms import Protocol


def said(protocol, *names, username="user", password="pass word"):  # noqa: S107 - a canary
    secret = Secret(password) if password else None
    credential = Credential(name="INBOX", username=username, password=secret, token=Secret("t"))
    return commands(protocol, Capabilities(names=names, mechanisms=()), credential)


def test_pop3_has_two_commands():
    assert said(Protocol.POP3, "USER", "TOP") == (b"USER user", b"PASS pass word")


def test_a_pop3_server_without_capa_may_have_them_too():
    assert said(Protocol.POP3) == (b"USER user", b"PASS pass word")
    assert said(Protocol.POP3, "TOP") == ()


def test_imap_has_one_with_quoted_strings():
    assert said(Protocol.IMAP, "IMAP4REV1", password='a "b" \\c') == (
        b'LOGIN "user" "a \\"b\\" \\\\c"',
    )
    assert said(Protocol.IMAP, "IMAP4REV1", "LOGINDISABLED") == ()


def test_smtp_has_none_and_a_token_is_no_password():
    assert said(Protocol.SMTP, "AUTH") == ()
    assert said(Protocol.IMAP, "IMAP4REV1", password="") == ()


@pytest.mark.parametrize("protocol", [Protocol.POP3, Protocol.IMAP])
@pytest.mark.parametrize("bad", ["a\r\nDELE 1", "a\n", "a\x00", "é", "a\x7f"])
def test_what_would_leave_its_line_is_refused(protocol, bad):
    with pytest.raises(SaslError, match="no form for"):
        said(protocol, "USER", username=bad)
    with pytest.raises(SaslError, match="no form for"):
        said(protocol, "USER", password=bad)
