"""POP3 (RFC 1939; CAPA: RFC 2449; STLS: RFC 2595 section 4)."""

from __future__ import annotations

import re

from mailtls.dialects.base import (
    AccessDialect,
    Opening,
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
    Script,
    Send,
    give_up,
)
from mailtls.evidence import Capabilities, Reply, Spoken, UpgradeReply
from mailtls.terms import Cause, Phase, Protocol

_STATUS = re.compile(rb"(\+OK|-ERR)(?: (.*))?", re.DOTALL | re.IGNORECASE)
_CHALLENGE = re.compile(rb"\+(?: (.*))?", re.DOTALL)
# RFC 3206, RFC 2449 section 8.1: codes that promise another outcome later.
_TEMPORARY = re.compile(r"\[(?:SYS/TEMP|IN-USE|LOGIN-DELAY)\]", re.IGNORECASE)
_LISTING = b"CAPA"
"""The one command before a login whose positive reply has several lines (RFC 2449 section 5)."""


class Pop3Dialect(AccessDialect):
    """A `base.Dialect` for POP3; CAPA is the only command taken to have a reply of several lines."""

    protocol = Protocol.POP3
    request = "STLS"

    def command(
        self, line: bytes, *, phase: Phase = Phase.AFTER_TLS, secret: bool = False
    ) -> Dialogue[Reply]:
        """Send one command and read its reply."""
        return Dialogue(_exchange(command_line(line), secret=secret), phase)

    def answer(self, data: bytes) -> Dialogue[Reply]:
        """Answer a SASL challenge; the command `*` cancels the exchange instead."""
        return Dialogue(_exchange(sasl_line(data), secret=True), Phase.AFTER_TLS)

    def _opening(self) -> Script[Opening]:
        return _opening()

    def _upgrade(self, lines: bytes) -> Script[UpgradeReply]:
        return _upgrade(lines)

    def _capabilities(self) -> Script[Capabilities]:
        return _listing()

    def _closing(self) -> Script[Reply]:
        return _exchange(b"QUIT\r\n")


def _status() -> Script[Reply]:
    line = yield ReadLine()
    if parsed := _STATUS.fullmatch(line):
        return text_reply(parsed[1].decode().upper(), [parsed[2] or b""])
    if challenge := _CHALLENGE.fullmatch(line):
        return text_reply("+", [challenge[1] or b""])
    return (yield from give_up(Cause.MALFORMED, "the reply begins with neither +OK nor -ERR"))


def read_reply(*, listing: bool) -> Script[Reply]:
    """Read a reply; a positive one to a command with a `listing` has its lines behind the first."""
    reply = yield from _status()
    if reply.code != "+OK" or not listing:
        return reply
    lines: list[bytes] = []
    while (line := (yield ReadLine())) != b".":
        lines.append(line.removeprefix(b"."))  # RFC 1939 section 3: byte-stuffed
    return text_reply(reply.code, [reply.lines[0].encode("latin-1"), *lines])


def _exchange(command: bytes, *, secret: bool = False) -> Script[Reply]:
    yield Send(command, secret)
    return (yield from read_reply(listing=command.strip().upper() == _LISTING))


def _temporary(reply: Reply) -> bool:
    return reply.code == "-ERR" and bool(_TEMPORARY.match(reply.lines[0]))


def _opening() -> Script[Opening]:
    other = yield from other_protocol(Spoken.POP3)
    if other is not None:
        return wrong_opening(other)
    greeting = yield from _status()
    if greeting.code != "+OK":
        cause = Cause.THROTTLED if _temporary(greeting) else Cause.REFUSED
        return (yield from give_up(cause, f"the server greets with {words(greeting)}"))
    yield Enter(Phase.CAPABILITY)
    return Opening(greeting=greeting, capabilities=(yield from _listing()))


def _listing() -> Script[Capabilities]:
    """Ask CAPA; a server without it (RFC 2449 section 5 makes it optional) offers nothing."""
    reply = yield from _exchange(_LISTING + b"\r\n")
    if _temporary(reply):
        detail = f"the server answers CAPA with {words(reply)}"
        return (yield from give_up(Cause.THROTTLED, detail))
    names: list[str] = []
    mechanisms: list[str] = []
    for line in reply.lines[1:]:
        tokens = line.encode("latin-1").upper().split()
        if not tokens:
            continue
        name, *parameters = (token.decode("latin-1") for token in tokens)
        names.append(name)
        if name == "SASL":
            mechanisms += parameters
    return Capabilities(names=unique(names), mechanisms=unique(mechanisms))


def _upgrade(lines: bytes) -> Script[UpgradeReply]:
    reply = yield from _exchange(lines)
    return (yield from upgrade_reply(reply, go_ahead="+OK", temporary=_temporary(reply)))
