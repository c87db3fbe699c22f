"""Telling a protocol from its first bytes, so that a wrong mode is named and not only refused.

First words of the wire are nearly unambiguous; the exceptions are `220`, which SMTP shares with FTP
(RFC 959 section 5.4), and `-ERR`, which POP3 shares with Redis. There the words of the banner
decide, without the host name that may stand in it.
"""

from __future__ import annotations

import re

from mailtls.evidence import Spoken

_WINDOW = 4096
"""How much of a banner is read for its words."""

_HTTP = re.compile(rb"HTTP/|<!DOCTYPE\s+HTML|<HTML", re.IGNORECASE)
_SSH = re.compile(rb"SSH-")
_IMAP = re.compile(rb"\* (?:OK|PREAUTH|BYE)(?=[ \r\n]|\Z)", re.IGNORECASE)
_POP3 = re.compile(rb"(?:\+OK|-ERR)(?=[ \r\n]|\Z)", re.IGNORECASE)
# RFC 5804 section 1.7: a capability (quoted or literal) or a response with code, text or nothing.
_SIEVE = re.compile(
    rb'"[A-Z][^"\r\n]*"(?=[ \r\n]|\Z)|(?:OK|NO|BYE)(?: ?\(| ["{]|[\r\n]|\Z)|\{\d{1,5}\+?\}\r?\n',
    re.IGNORECASE,
)
_WELCOME = re.compile(rb'220[ \r\n-]|\* OK |\+OK|"IMPLEMENTATION"', re.IGNORECASE)
_LATER = re.compile(rb"4[0-9]{2}[ -]|\* BYE", re.IGNORECASE)
_NUMERIC = re.compile(rb"[2-5][0-9]{2}(?=[ \r\n-]|\Z)")
_STATUS = re.compile(rb"(?m)^[2-5][0-9]{2}[ -]?")
_FTP_WORD = re.compile(rb"(?:[A-Z]+-?)?FTPD?|FILEZILLA")

# The error replies of Redis that can come before a command was understood.
_REDIS = re.compile(
    rb"-(?:NOAUTH|DENIED|NOPERM|LOADING|MISCONF|BUSY|"
    rb"ERR (?:max number of clients|Protocol error|wrong number of arguments|"
    rb"unknown command.*with args beginning))"
)

_TLS_RECORDS = (0x15, 0x16)
_MYSQL_HEADER = 5
_MYSQL_PROTOCOL = 0x0A
_MYSQL_ERROR = 0xFF


def classify(first_bytes: bytes) -> Spoken:
    """Return what a server that sent `first_bytes` speaks; empty input is SILENCE."""
    data = first_bytes[:_WINDOW]
    if not data:
        return Spoken.SILENCE
    if _is_tls(data):
        return Spoken.IMPLICIT_TLS
    if _is_mysql(data):
        return Spoken.MYSQL
    if _NUMERIC.match(data):
        return _numeric(data)
    for pattern, spoken in (
        (_IMAP, Spoken.IMAP),
        (_REDIS, Spoken.REDIS),
        (_POP3, Spoken.POP3),
        (_SIEVE, Spoken.SIEVE),
        (_HTTP, Spoken.HTTP),
        (_SSH, Spoken.SSH),
    ):
        if pattern.match(data):
            return spoken
    return Spoken.UNKNOWN


def welcomes(first_bytes: bytes) -> bool:
    """Return whether these are the first bytes of a mail server that lets its client go on."""
    return bool(_WELCOME.match(first_bytes))


def says_later(first_bytes: bytes) -> bool:
    """Return whether these are the first bytes of a mail server that turns its client away for now.

    RFC 5321 section 4.2.1, and RFC 9051 section 7.1.5; five bytes are enough.
    """
    return bool(_LATER.match(first_bytes))


def _is_tls(data: bytes) -> bool:
    # RFC 8446 section 5.1: an alert or handshake record; its version's first byte is 3 in all of TLS.
    return len(data) > 1 and data[0] in _TLS_RECORDS and data[1] == 0x03  # noqa: PLR2004


def _is_mysql(data: bytes) -> bool:
    # A packet of 3 bytes length (little endian, under 1 KiB here) and sequence 0, then the
    # protocol version 10 or an error mark: "Protocol::Handshake" of the MySQL internals manual.
    return (
        len(data) >= _MYSQL_HEADER
        and data[1] < 0x04  # noqa: PLR2004
        and data[2:4] == b"\x00\x00"
        and data[4] in (_MYSQL_PROTOCOL, _MYSQL_ERROR)
    )


def _numeric(data: bytes) -> Spoken:
    banner = _STATUS.sub(b" ", data).upper()
    spoken = {word.strip(b"()[]<>{},;:.!*-") for word in banner.split()}
    if b"LMTP" in spoken:
        return Spoken.LMTP
    if b"SMTP" in spoken or b"ESMTP" in spoken:
        return Spoken.SMTP
    if any(_FTP_WORD.fullmatch(word) for word in spoken):
        return Spoken.FTP
    return Spoken.SMTP
