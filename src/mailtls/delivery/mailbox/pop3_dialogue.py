"""What is said to a POP3 server after the login (RFC 1939), as dialogues without I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailtls.dialects.base import command_line
from mailtls.dialects.dialogue import Dialogue, Script, Send
from mailtls.dialects.pop3 import read_reply
from mailtls.evidence import Reply
from mailtls.terms import Phase

REPLY_LINES = 8000
"""Most lines of one reply, a listing of a mailbox among them; its bytes have a cap of their own."""

_WITH_LISTING = frozenset({b"CAPA", b"UIDL", b"TOP", b"RETR"})
_DELAY = re.compile(r"LOGIN-DELAY (\d{1,6})(?: |\Z)", re.IGNORECASE)
_SIZE = re.compile(r"\d{1,9} (\d{1,12})(?: |\Z)")
_ENTRY = re.compile(r"(\d{1,9}) ([\x21-\x7e]{1,70})")


def batch(lines: Sequence[bytes], *, pipelined: bool) -> Dialogue[tuple[Reply, ...]]:
    """Say command lines, in one write where the server takes that (RFC 2449 section 6.6)."""
    return Dialogue(_batch(lines, pipelined=pipelined), Phase.AFTER_TLS, reply_lines=REPLY_LINES)


def _batch(lines: Sequence[bytes], *, pipelined: bool) -> Script[tuple[Reply, ...]]:
    replies: list[Reply] = []
    writes = [list(lines)] if pipelined else [[line] for line in lines]
    for write in writes:
        yield Send(b"".join(command_line(line) for line in write))
        for line in write:
            verb = line.partition(b" ")[0]
            replies.append((yield from read_reply(listing=verb in _WITH_LISTING)))
    return tuple(replies)


def header_line(number: int) -> bytes:
    """Return the request for the header of a message and nothing of its body."""
    return b"TOP %d 0" % number


def size_line(number: int) -> bytes:
    """Return the request for a message's size."""
    return b"LIST %d" % number


def retrieve_line(number: int) -> bytes:
    """Return the request for a message."""
    return b"RETR %d" % number


def delete_line(number: int) -> bytes:
    """Return the mark that a message is to go when the session ends."""
    return b"DELE %d" % number


def unique_ids(reply: Reply) -> dict[str, int]:
    """Return unique id -> message number of a UIDL listing (RFC 1939 section 7)."""
    entries = [_ENTRY.fullmatch(line) for line in reply.lines[1:]]
    return {entry[2]: int(entry[1]) for entry in entries if entry}


def login_delay(reply: Reply) -> float:
    """Return the seconds that CAPA wants between two logins (RFC 2449 section 6.5), 0 for none."""
    found = (_DELAY.match(line) for line in reply.lines[1:])
    return max((float(delay[1]) for delay in found if delay), default=0.0)


def size_of(reply: Reply) -> int | None:
    """Return a message's size in bytes, None where the server does not tell."""
    size = _SIZE.match(reply.lines[0]) if reply.code == "+OK" else None
    return int(size[1]) if size else None


def text(reply: Reply) -> bytes:
    """Return the lines behind the first of a reply as they were sent."""
    return b"".join(line.encode("latin-1") + b"\r\n" for line in reply.lines[1:])
