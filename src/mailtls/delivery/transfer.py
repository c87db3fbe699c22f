"""One message by SMTP inside an open session: MAIL, RCPT, DATA, the message, the reply (RFC 5321).

Where PIPELINING is offered the three commands go in one write (RFC 2920).
"""

from __future__ import annotations

import re

from mailtls.delivery.message import checked
from mailtls.delivery.refusals import kind_of
from mailtls.dialects.base import command_line
from mailtls.dialects.dialogue import Dialogue, Script, Send
from mailtls.dialects.smtp import read_reply
from mailtls.evidence import Reply
from mailtls.flow import Refused, Stage
from mailtls.pure import pure
from mailtls.terms import Phase

_GO_AHEAD = "354"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_END = b".\r\n"


@pure
class Accepted:
    """The server took the message with this reply."""

    reply: Reply


@pure
class Envelope:
    """Whom a message is from and for, and the parameters of MAIL, as `SIZE=1000`.

    Raises ValueError for an address that is not in its normal form: nothing else becomes a command.
    """

    sender: str
    recipient: str
    parameters: tuple[str, ...] = ()

    @property
    def commands(self) -> tuple[tuple[Stage, bytes], ...]:
        """Return the three commands with their line ends."""
        mail = " ".join((f"MAIL FROM:<{checked(self.sender)}>", *self.parameters))
        rcpt = f"RCPT TO:<{checked(self.recipient)}>"
        said = ((Stage.MAIL, mail), (Stage.RCPT, rcpt), (Stage.DATA, "DATA"))
        return tuple((stage, command_line(line.encode())) for stage, line in said)


def transfer(
    envelope: Envelope, message: bytes, *, pipelining: bool
) -> Dialogue[Accepted | Refused]:
    """Return the dialogue that hands a message over; it is in the transcript by its size alone."""
    script = _together if pipelining else _in_turn
    return Dialogue(script(envelope, message), Phase.AFTER_TLS)


def stuffed(message: bytes) -> bytes:
    """Return a message as it goes after DATA: CRLF line ends, dots doubled, and the last dot.

    RFC 5321 sections 2.3.8 and 4.5.2. No byte of a message can end it.
    """
    lines = _LINE_END.split(message)
    if lines[-1] == b"":
        lines.pop()
    doubled = (b"." + line if line.startswith(b".") else line for line in lines)
    return b"".join(line + b"\r\n" for line in doubled) + _END


def _in_turn(envelope: Envelope, message: bytes) -> Script[Accepted | Refused]:
    for stage, line in envelope.commands:
        yield Send(line)
        reply = yield from read_reply()
        if not _good(stage, reply):
            return _refused(stage, reply)
    return (yield from _content(message))


def _together(envelope: Envelope, message: bytes) -> Script[Accepted | Refused]:
    yield Send(b"".join(line for _, line in envelope.commands))
    refused: Refused | None = None
    for stage, _ in envelope.commands:
        reply = yield from read_reply()
        if refused is None and not _good(stage, reply):
            refused = _refused(stage, reply)
    if refused is None:
        return (yield from _content(message))
    if reply.code == _GO_AHEAD:
        # RFC 2920 section 3.1: a server may go on without a recipient; nothing is sent to it.
        yield Send(_END)
        yield from read_reply()
    return refused


def _content(message: bytes) -> Script[Accepted | Refused]:
    shown = f"(the message, {len(message)} bytes)".encode()
    yield Send(stuffed(message), shown=shown)
    reply = yield from read_reply()
    if reply.code.startswith("2"):
        return Accepted(reply=reply)
    return _refused(Stage.MESSAGE, reply)


def _good(stage: Stage, reply: Reply) -> bool:
    return reply.code == _GO_AHEAD if stage is Stage.DATA else reply.code.startswith("2")


def _refused(stage: Stage, reply: Reply) -> Refused:
    return Refused(stage=stage, reply=reply, kind=kind_of(stage, reply))
