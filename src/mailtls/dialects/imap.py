"""IMAP (RFC 9051, RFC 3501; STARTTLS: RFC 9051 section 6.2.1)."""

from __future__ import annotations

import re
import zlib

from mailtls.dialects.base import (
    AccessDialect,
    Opening,
    capabilities_or_end,
    command_line,
    other_protocol,
    sasl_line,
    text_reply,
    unique,
    upgrade_reply,
    words,
    wrong_opening,
)
from mailtls.dialects.dialogue import (
    Dialogue,
    Enter,
    ReadLine,
    ReadLiteral,
    Script,
    Send,
    give_up,
)
from mailtls.evidence import Capabilities, Missing, Reply, Spoken, UpgradeReply
from mailtls.terms import Cause, Phase, Protocol

_GREETING = re.compile(rb"\* (OK|PREAUTH|BYE)(?: (.*))?", re.DOTALL | re.IGNORECASE)
_STATUS = re.compile(rb"(OK|NO|BAD)(?: (.*))?", re.DOTALL | re.IGNORECASE)
_CAPABILITY = re.compile(rb"\* CAPABILITY(?: (.*))?", re.DOTALL | re.IGNORECASE)
_BYE = re.compile(rb"\* BYE(?: |\Z)", re.IGNORECASE)
# Lines of human-readable text or atoms alone: what looks like a literal at their end is none.
_NO_LITERAL = re.compile(rb"\* (?:OK|NO|BAD|BYE|PREAUTH|CAPABILITY)(?: |\Z)", re.IGNORECASE)
_LITERAL = re.compile(rb"\{(\d{1,10})\+?\}\Z")
# RFC 5530 section 3: codes that promise another outcome later.
_TEMPORARY = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT)[\] ]", re.IGNORECASE)

_OPENING_TAG = b"m1"
_STARTTLS_TAG = b"m2"
_AFTER_TLS_TAG = b"m3"
_LOGOUT_TAG = b"m4"
_CANCEL = b"*"


class ImapDialect(AccessDialect):
    """A `base.Dialect` for IMAP; replies carry the untagged lines before the text of the tagged one."""

    protocol = Protocol.IMAP

    def command(
        self, line: bytes, *, phase: Phase = Phase.AFTER_TLS, secret: bool = False
    ) -> Dialogue[Reply]:
        """Send one command under a tag of its own and read its reply.

        `*`, which cancels a SASL exchange (RFC 9051 section 6.2.2), goes without a tag, and any
        tagged reply answers it.
        """
        if line == _CANCEL:
            return Dialogue(_exchange(b"", command_line(line)), phase)
        # Commands in a row need different tags (RFC 9051 section 2.2.1), and a run is repeatable.
        tag = b"c%08x" % zlib.crc32(line)
        return Dialogue(_exchange(tag, command_line(line), secret=secret), phase)

    def answer(self, data: bytes) -> Dialogue[Reply]:
        """Answer a SASL challenge; the command `*` cancels the exchange instead."""
        return Dialogue(_exchange(b"", sasl_line(data), secret=True), Phase.AFTER_TLS)

    def _opening(self) -> Script[Opening]:
        return _opening()

    def _upgrade(self, lines: bytes) -> Script[UpgradeReply]:
        return _upgrade(lines)

    def _capabilities(self) -> Script[Capabilities]:
        return _capabilities()

    def _closing(self) -> Script[Reply]:
        return _exchange(_LOGOUT_TAG, b"LOGOUT\r\n")


def response_parts() -> Script[tuple[bytes, ...]]:
    """Read one response as a line, then a literal and the line that follows it, as often as it has one."""
    parts = [(yield ReadLine())]
    while not _NO_LITERAL.match(parts[0]) and (literal := _LITERAL.search(parts[-1])):
        parts.append((yield ReadLiteral(int(literal[1]))))
        parts.append((yield ReadLine()))
    return tuple(parts)


def _response() -> Script[bytes]:
    return b"".join((yield from response_parts()))


def _exchange(tag: bytes, command: bytes, *, secret: bool = False) -> Script[Reply]:
    """Send a command and read to its tagged reply or a continuation request (code "+")."""
    yield Send(tag + b" " + command if tag else command, secret)
    lines: list[bytes] = []
    while True:
        response = yield from _response()
        if response.startswith(b"* "):
            lines.append(response)
            continue
        their_tag, _, rest = response.partition(b" ")
        if their_tag == b"+":
            return text_reply("+", [*lines, rest])
        status = _STATUS.fullmatch(rest)
        if status is None or their_tag != (tag or their_tag):
            detail = "the server sent a line that answers no command of ours"
            return (yield from give_up(Cause.MALFORMED, detail))
        return text_reply(status[1].decode().upper(), [*lines, status[2] or b""])


def _temporary(reply: Reply) -> bool:
    return reply.code == "NO" and bool(_TEMPORARY.match(reply.lines[-1]))


def _opening() -> Script[Opening]:
    """Read the greeting, then ask CAPABILITY; a list inside the greeting does not count."""
    other = yield from other_protocol(Spoken.IMAP)
    if other is not None:
        return wrong_opening(other)
    parsed = _GREETING.fullmatch((yield ReadLine()))
    if parsed is None:
        return (yield from give_up(Cause.MALFORMED, "the first line is no IMAP greeting"))
    greeting = text_reply(parsed[1].decode().upper(), [parsed[2] or b""])
    if greeting.code == "BYE":
        return (yield from give_up(Cause.THROTTLED, f"the server greets with {words(greeting)}"))
    yield Enter(Phase.CAPABILITY)
    return Opening(greeting=greeting, capabilities=(yield from _listing(_OPENING_TAG)))


def _capabilities() -> Script[Capabilities]:
    found = yield from _listing(_AFTER_TLS_TAG)
    return (yield from capabilities_or_end(found))


def _listing(tag: bytes) -> Script[Capabilities | Missing]:
    """Ask CAPABILITY; REFUSED is final, all else that fails ends the dialogue."""
    reply = yield from _exchange(tag, b"CAPABILITY\r\n")
    said = f"the server answers CAPABILITY with {words(reply)}"
    untagged = [line.encode("latin-1") for line in reply.lines[:-1]]
    if _temporary(reply) or any(_BYE.match(line) for line in untagged):
        return (yield from give_up(Cause.THROTTLED, said))
    if reply.code in {"NO", "BAD"}:
        return Missing(phase=Phase.CAPABILITY, cause=Cause.REFUSED, detail=said)
    lists = [found[1] or b"" for line in untagged if (found := _CAPABILITY.fullmatch(line))]
    if reply.code != "OK" or not lists:
        return (yield from give_up(Cause.MALFORMED, "the server answers CAPABILITY without a list"))
    # RFC 9051 section 7.2.2: a list replaces the one before it.
    names = [atom.decode("latin-1") for atom in lists[-1].upper().split()]
    mechanisms = [name.removeprefix("AUTH=") for name in names if name.startswith("AUTH=")]
    return Capabilities(names=unique(names), mechanisms=unique(mechanisms))


def _upgrade(lines: bytes) -> Script[UpgradeReply]:
    reply = yield from _exchange(_STARTTLS_TAG, lines)
    return (yield from upgrade_reply(reply, go_ahead="OK", temporary=_temporary(reply)))
