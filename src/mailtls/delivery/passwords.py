"""Logins older than SASL, for servers that offer none: POP3's USER and PASS, IMAP's LOGIN."""

from __future__ import annotations

from mailtls.delivery.credentials import Credential
from mailtls.delivery.mechanism import SaslError
from mailtls.evidence import Capabilities
from mailtls.terms import Protocol

_QUOTED = frozenset(range(0x20, 0x7F))
"""What a quoted string of IMAP holds here: text of ASCII (RFC 9051 section 4.3)."""


def commands(
    protocol: Protocol, offered: Capabilities, credential: Credential
) -> tuple[bytes, ...]:
    """Return the command lines of a login by password, none where the server has no such login.

    Raises SaslError where name or password cannot be said that way.
    """
    if credential.password is None:
        return ()
    words = (credential.username.encode(), credential.password.reveal().encode())
    # RFC 2449 section 6.3: a server that lists anything lists USER; one without CAPA lists nothing.
    if protocol is Protocol.POP3 and (not offered.names or "USER" in offered.names):
        if any(byte not in _QUOTED for word in words for byte in word):
            raise SaslError("a name or password that POP3 has no form for")
        return b"USER " + words[0], b"PASS " + words[1]
    if protocol is Protocol.IMAP and "LOGINDISABLED" not in offered.names:
        return (b"LOGIN " + b" ".join(_quoted(word) for word in words),)
    return ()


def _quoted(word: bytes) -> bytes:
    if any(byte not in _QUOTED for byte in word):
        raise SaslError("a name or password that IMAP's LOGIN has no form for")
    return b'"' + word.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
