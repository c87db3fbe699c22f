"""ManageSieve (RFC 5804)."""

from __future__ import annotations

import re

from mailtls.dialects.base import (
    AccessDialect,
    Opening,
    command_line,
    other_protocol,
    text_reply,
    unique,
    upgrade_reply,
    words,
    wrong_opening,
)
from mailtls.dialects.dialogue import (
    Dialogue,
    ReadLine,
    ReadLiteral,
    Script,
    Send,
    give_up,
)
from mailtls.evidence import Capabilities, Reply, Spoken, UpgradeReply
from mailtls.pure import pure
from mailtls.terms import Cause, Phase, Protocol

_STATUS = re.compile(rb"(OK|NO|BYE)(?: (.*))?", re.DOTALL | re.IGNORECASE)
# Strings, atoms and parentheses, then a literal's length or nothing; a quote must be closed.
_LINE = re.compile(
    rb'((?:[^"{]|"(?:[^"\\]|\\.)*+")*+)(?:\{(\d{1,10})\+?\})?',
    re.DOTALL,
)
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
# RFC 5804 section 1.3
_TEMPORARY = re.compile(r"\(TRYLATER[) ]", re.IGNORECASE)
_REFERRAL = re.compile(r"\(REFERRAL[) ]", re.IGNORECASE)
_TAG = re.compile(r"\(TAG[) ]", re.IGNORECASE)

_ASK_AGAIN = b'CAPABILITY\r\nNOOP "mailtls"\r\n'
_CHALLENGED = re.compile(rb"AUTHENTICATE ", re.IGNORECASE)


@pure
class _Response:
    """One complete reply, and the strings on each line before its status."""

    reply: Reply
    listed: tuple[tuple[bytes, ...], ...]


class SieveDialect(AccessDialect):
    """A `base.Dialect` for ManageSieve; replies carry the lines before the status as they came."""

    protocol = Protocol.SIEVE

    def command(
        self, line: bytes, *, phase: Phase = Phase.AFTER_TLS, secret: bool = False
    ) -> Dialogue[Reply]:
        """Send one command and read its reply; `"*"` with its quotes cancels a SASL exchange."""
        return Dialogue(_exchange(command_line(line), secret=secret), phase)

    def _opening(self) -> Script[Opening]:
        return _opening()

    def _upgrade(self, lines: bytes) -> Script[UpgradeReply]:
        return _upgrade(lines)

    def _capabilities(self) -> Script[Capabilities]:
        return _capabilities()

    def _closing(self) -> Script[Reply]:
        return _exchange(b"LOGOUT\r\n")


def _line() -> Script[tuple[bytes, tuple[bytes, ...]]]:
    """Read one line with its literals: as it came, and its strings."""
    whole = b""
    strings: list[bytes] = []
    while True:
        part = yield ReadLine()
        parsed = _LINE.fullmatch(part)
        if parsed is None:
            return (yield from give_up(Cause.MALFORMED, "a string in the reply is not closed"))
        strings += (_ESCAPED.sub(rb"\1", quoted) for quoted in _QUOTED.findall(parsed[1]))
        whole += part
        if parsed[2] is None:
            return whole, tuple(strings)
        literal = yield ReadLiteral(int(parsed[2]))
        strings.append(literal)
        whole += literal


def _response(*, challenged: bool = False) -> Script[_Response]:
    """Read lines to a status; where a challenge may come, a line of one string is it (code "+")."""
    lines: list[bytes] = []
    listed: list[tuple[bytes, ...]] = []
    while True:
        line, strings = yield from _line()
        if status := _STATUS.fullmatch(line):
            code = status[1].decode().upper()
            return _as_response(code, [*lines, status[2] or b""], listed)
        if not strings:
            detail = "a line of the reply is neither a list of strings nor OK, NO or BYE"
            return (yield from give_up(Cause.MALFORMED, detail))
        lines.append(line)
        listed.append(strings)
        if challenged and len(strings) == 1:
            return _as_response("+", lines, listed)


def _as_response(code: str, lines: list[bytes], listed: list[tuple[bytes, ...]]) -> _Response:
    return _Response(reply=text_reply(code, lines), listed=tuple(listed))


def _exchange(command: bytes, *, secret: bool = False) -> Script[Reply]:
    yield Send(command, secret)
    return (yield from _response(challenged=bool(_CHALLENGED.match(command)))).reply


def _status_text(reply: Reply) -> Reply:
    return Reply(code=reply.code, lines=reply.lines[-1:])


def _temporary(reply: Reply) -> bool:
    return reply.code != "OK" and bool(_TEMPORARY.match(reply.lines[-1]))


def _busy(reply: Reply) -> bool:
    """Return whether the server sends us away for now: BYE without another place to go, TRYLATER."""
    return _temporary(reply) or (reply.code == "BYE" and not _REFERRAL.match(reply.lines[-1]))


def _opening() -> Script[Opening]:
    """Read the greeting, which is the capability list (RFC 5804 section 1.7)."""
    other = yield from other_protocol(Spoken.SIEVE)
    if other is not None:
        return wrong_opening(other)
    response = yield from _response()
    greeting = response.reply
    if greeting.code != "OK":
        cause = Cause.THROTTLED if _busy(greeting) else Cause.REFUSED
        detail = f"the server greets with {words(_status_text(greeting))}"
        return (yield from give_up(cause, detail))
    if not response.listed:
        return (yield from give_up(Cause.MALFORMED, "the greeting lists no capabilities"))
    return Opening(greeting=greeting, capabilities=_offers(response.listed))


def _capabilities() -> Script[Capabilities]:
    # RFC 5804 section 2.2: after TLS the server sends its list unasked, but old ones do not. NOOP
    # behind CAPABILITY marks the end of what there is to read, whoever lists how often: it is
    # answered with its tag, by servers without it with NO, and by none with a list.
    yield Send(_ASK_AGAIN)
    listed: tuple[tuple[bytes, ...], ...] = ()
    while True:
        response = yield from _response()
        reply = response.reply
        if reply.code == "OK" and response.listed:
            listed = response.listed
        if reply.code != "OK" or not response.listed or _TAG.match(reply.lines[-1]):
            break
    if listed:
        return _offers(listed)
    said = f"the server answers CAPABILITY with {words(_status_text(reply))}"
    if reply.code == "OK":
        return (yield from give_up(Cause.MALFORMED, said))
    return (yield from give_up(Cause.THROTTLED if _busy(reply) else Cause.REFUSED, said))


def _offers(listed: tuple[tuple[bytes, ...], ...]) -> Capabilities:
    names: list[str] = []
    mechanisms: list[str] = []
    for strings in listed:
        name, *values = (string.upper().decode("latin-1") for string in strings)
        names.append(name)
        if name == "SASL":
            mechanisms += (mechanism for value in values for mechanism in value.split())
    return Capabilities(names=unique(names), mechanisms=unique(mechanisms))


def _upgrade(lines: bytes) -> Script[UpgradeReply]:
    reply = yield from _exchange(lines)
    return (yield from upgrade_reply(reply, go_ahead="OK", temporary=_temporary(reply)))
