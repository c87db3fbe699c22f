"""SMTP (RFC 5321, RFC 3207) and LMTP (RFC 2033), which is SMTP with LHLO."""

from __future__ import annotations

import re

from mailtls.dialects.base import (
    PROOF_BYTES,
    Opening,
    capabilities_or_end,
    client_name_bytes,
    command_line,
    other_protocol,
    sasl_line,
    unique,
    upgrade_lines,
    upgrade_reply,
    words,
    wrong_opening,
)
from mailtls.dialects.classify import classify
from mailtls.dialects.dialogue import (
    Dialogue,
    Enter,
    ReadLine,
    Script,
    Send,
    give_up,
)
from mailtls.evidence import Capabilities, Missing, Reply, Spoken, UpgradeReply, WrongMode
from mailtls.pure import pure
from mailtls.terms import Cause, Phase, Protocol

# RFC 5321 section 4.2; the text and its space may be missing.
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
# The form from before RFC 4954, still listed for old clients beside `AUTH LOGIN`.
_OLD_AUTH = re.compile(rb"\AAUTH=")
_FAMILY = (Spoken.SMTP, Spoken.LMTP)
_READY = "220"
_DONE = "250"
MAIL = b"MAIL FROM:<>"
"""The null reverse-path (RFC 5321 section 4.5.5): no address of anybody's."""

_HELLO = {Protocol.SMTP: b"EHLO", Protocol.LMTP: b"LHLO"}
_SIBLING = {Protocol.SMTP: Protocol.LMTP, Protocol.LMTP: Protocol.SMTP}
_SPOKEN = {Protocol.SMTP: Spoken.SMTP, Protocol.LMTP: Spoken.LMTP}


@pure
class SmtpDialect:
    """A `base.Dialect` for SMTP or LMTP."""

    protocol: Protocol

    def offers_starttls(self, capabilities: Capabilities) -> bool:
        """Return whether EHLO or LHLO listed STARTTLS."""
        return "STARTTLS" in capabilities.names

    def opening(self, client_name: str) -> Dialogue[Opening]:
        """Read the greeting, then say EHLO or LHLO."""
        return Dialogue(_opening(self.protocol, client_name_bytes(client_name)), Phase.GREETING)

    def greeting(self) -> Dialogue[Reply]:
        """Read the greeting alone, for what is to be said before EHLO or LHLO."""
        return Dialogue(_greeting(), Phase.GREETING)

    def upgrade(self, pipelined: bytes = b"") -> Dialogue[UpgradeReply]:
        """Say STARTTLS."""
        return Dialogue(_upgrade(pipelined), Phase.UPGRADE)

    def capabilities(self, client_name: str) -> Dialogue[Capabilities]:
        """Say EHLO or LHLO again."""
        script = _capabilities(self.protocol, client_name_bytes(client_name))
        return Dialogue(script, Phase.AFTER_TLS)

    def command(
        self, line: bytes, *, phase: Phase = Phase.AFTER_TLS, secret: bool = False
    ) -> Dialogue[Reply]:
        """Send one command and read its reply."""
        return Dialogue(_exchange(command_line(line), secret=secret), phase)

    def answer(self, data: bytes) -> Dialogue[Reply]:
        """Answer a SASL challenge; the command `*` cancels the exchange instead."""
        return Dialogue(_exchange(sasl_line(data), secret=True), Phase.AFTER_TLS)

    def mail(self, behind: bytes, *, phase: Phase) -> Dialogue[Reply]:
        """Say MAIL, RSET and one more command in one write, and read the replies to the first two.

        RFC 2920 section 3.1 allows that where PIPELINING is offered, with STARTTLS or QUIT as the last
        (RFC 3207 section 4). The reply to it is for `awaited` or `awaited_upgrade`, which take what is
        `trailing` here.
        """
        return Dialogue(_grouped(MAIL, b"RSET", behind), phase)

    def awaited(self, *, phase: Phase = Phase.AFTER_TLS) -> Dialogue[Reply]:
        """Read the reply to what was said already."""
        return Dialogue(read_reply(), phase)

    def awaited_upgrade(self) -> Dialogue[UpgradeReply]:
        """Read the answer to a STARTTLS that was said already."""
        return Dialogue(_upgraded(), Phase.UPGRADE)

    def closing(self) -> Dialogue[Reply]:
        """Say QUIT."""
        return Dialogue(_exchange(b"QUIT\r\n"), Phase.AFTER_TLS)


def read_reply() -> Script[Reply]:
    """Read one reply of any number of lines (RFC 5321 section 4.2)."""
    code = ""
    lines: list[str] = []
    while True:
        parsed = _LINE.fullmatch((yield ReadLine()))
        if parsed is None:
            return (yield from give_up(Cause.MALFORMED, "a line of the reply has no reply code"))
        this = parsed[1].decode()
        # RFC 5321 section 4.2.1: the code is the same on every line.
        if code and this != code:
            detail = f"the reply code changes from {code} to {this} within a reply"
            return (yield from give_up(Cause.MALFORMED, detail))
        code = this
        lines.append((parsed[3] or b"").decode("latin-1"))
        if parsed[2] != b"-":
            return Reply(code=code, lines=tuple(lines))


def _exchange(line: bytes, *, secret: bool = False) -> Script[Reply]:
    yield Send(line, secret)
    return (yield from read_reply())


def _temporary(reply: Reply) -> bool:
    return reply.code.startswith("4")


def _opening(protocol: Protocol, client_name: bytes) -> Script[Opening]:
    other = yield from other_protocol(*_FAMILY)
    if other is not None:
        return wrong_opening(other)
    greeting = yield from read_reply()
    proof = _as_sent(greeting)
    spoken = classify(proof)
    if spoken not in _FAMILY:  # a banner of several lines that names itself late
        return wrong_opening(WrongMode(spoken=spoken, first_bytes=proof))
    if greeting.code != _READY:
        cause = {"4": Cause.THROTTLED, "5": Cause.REFUSED}.get(greeting.code[0], Cause.MALFORMED)
        return (yield from give_up(cause, f"the server greets with {words(greeting)}"))
    yield Enter(Phase.CAPABILITY)
    found = yield from _hello(protocol, client_name)
    if isinstance(found, Missing):
        sibling = _SIBLING[protocol]
        answer = yield from _exchange(_HELLO[sibling] + b" " + client_name + b"\r\n")
        if answer.code == _DONE:
            return wrong_opening(WrongMode(spoken=_SPOKEN[sibling], first_bytes=proof))
    return Opening(greeting=greeting, capabilities=found)


def _greeting() -> Script[Reply]:
    reply = yield from read_reply()
    if reply.code == _READY:
        return reply
    cause = {"4": Cause.THROTTLED, "5": Cause.REFUSED}.get(reply.code[0], Cause.MALFORMED)
    return (yield from give_up(cause, f"the server greets with {words(reply)}"))


def _capabilities(protocol: Protocol, client_name: bytes) -> Script[Capabilities]:
    found = yield from _hello(protocol, client_name)
    return (yield from capabilities_or_end(found))


def _hello(protocol: Protocol, client_name: bytes) -> Script[Capabilities | Missing]:
    """Say hello in the protocol's way; REFUSED is final, all else that fails ends the dialogue."""
    verbs = [_HELLO[protocol]]
    if protocol is Protocol.SMTP:
        verbs.append(b"HELO")  # RFC 5321 section 3.2: a server without extensions
    for verb in verbs:
        reply = yield from _exchange(verb + b" " + client_name + b"\r\n")
        if reply.code == _DONE:
            return _offers(reply if verb != b"HELO" else Reply(code=_DONE, lines=()))
        said = f"the server answers {verb.decode()} with {words(reply)}"
        if _temporary(reply):
            return (yield from give_up(Cause.THROTTLED, said))
        if not reply.code.startswith("5"):
            return (yield from give_up(Cause.MALFORMED, said))
    return Missing(phase=Phase.CAPABILITY, cause=Cause.REFUSED, detail=said)


def _offers(reply: Reply) -> Capabilities:
    names: list[str] = []
    mechanisms: list[str] = []
    for line in reply.lines[1:]:  # the first names the server
        tokens = _OLD_AUTH.sub(b"AUTH ", line.encode("latin-1").upper()).split()
        if not tokens:
            continue
        name, *parameters = (token.decode("latin-1") for token in tokens)
        names.append(name)
        if name == "AUTH":
            mechanisms += parameters
    return Capabilities(names=unique(names), mechanisms=unique(mechanisms))


def _upgrade(pipelined: bytes) -> Script[UpgradeReply]:
    yield Send(upgrade_lines(b"STARTTLS", pipelined))
    return (yield from _upgraded())


def _upgraded() -> Script[UpgradeReply]:
    reply = yield from read_reply()
    return (yield from upgrade_reply(reply, go_ahead=_READY, temporary=_temporary(reply)))


def _grouped(*commands: bytes) -> Script[Reply]:
    yield Send(b"".join(map(command_line, commands)))
    first = yield from read_reply()
    for _ in commands[2:]:
        yield from read_reply()
    return first


def _as_sent(reply: Reply) -> bytes:
    text = "\r\n".join(f"{reply.code} {line}" for line in reply.lines)
    return text.encode("latin-1")[:PROOF_BYTES]
