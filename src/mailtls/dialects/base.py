"""What a dialect of mail can do, and what the dialects share."""

from __future__ import annotations

import base64
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Protocol

from mailtls import terms
from mailtls.dialects.classify import classify
from mailtls.dialects.dialogue import Dialogue, LookAtFirst, Script, TakeRest, give_up
from mailtls.evidence import Capabilities, Missing, Reply, Spoken, UpgradeReply, WrongMode
from mailtls.pure import pure
from mailtls.sanitizer import clean
from mailtls.terms import Cause, Phase

PROOF_BYTES = 512
"""Most bytes kept as the proof of another protocol: its first line is far shorter."""

_FORBIDDEN = re.compile(rb"[\r\n\x00]")
_CLIENT_NAME = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")


@pure
class Opening:
    """What a server says first: its greeting, and what it offers.

    `capabilities` is `Missing` where the greeting is a `WrongMode` (PREREQUISITE) and where the
    server refused for good to name any (CAPABILITY, REFUSED).
    """

    greeting: Reply | WrongMode
    capabilities: Capabilities | Missing


def other_protocol(*own: Spoken) -> Script[WrongMode | None]:
    """Look at the first bytes and return what they are, or None where they may be our `own`.

    Bytes that name nothing are left to the reader of the greeting, unless they are complete.
    """
    first = yield LookAtFirst()
    spoken = classify(first)
    complete = first.endswith(b"\n") or not first[:1].isascii() or first[:1] < b" "
    if spoken in own or spoken is Spoken.SILENCE or (spoken is Spoken.UNKNOWN and not complete):
        return None
    return WrongMode(spoken=spoken, first_bytes=first[:PROOF_BYTES])


def wrong_opening(seen: WrongMode) -> Opening:
    """Return the opening of a port that speaks another protocol."""
    detail = f"the port speaks {seen.spoken}"
    missing = Missing(phase=Phase.CAPABILITY, cause=Cause.PREREQUISITE, detail=detail)
    return Opening(greeting=seen, capabilities=missing)


def capabilities_or_end(found: Capabilities | Missing) -> Script[Capabilities]:
    """Return the capabilities, or end the dialogue for the reason there are none."""
    if isinstance(found, Missing):
        return (yield from give_up(found.cause, found.detail))
    return found


def unique(names: list[str]) -> tuple[str, ...]:
    """Return the names once each, in the order of the reply."""
    return tuple(dict.fromkeys(names))


def text_reply(code: str, lines: Iterable[bytes]) -> Reply:
    """Return a reply of undecoded lines; latin-1 keeps every byte."""
    return Reply(code=code, lines=tuple(line.decode("latin-1") for line in lines))


def upgrade_reply(reply: Reply, *, go_ahead: str, temporary: bool) -> Script[UpgradeReply]:
    """Return the answer to STARTTLS, and take off the stream what came behind the go-ahead."""
    accepted = reply.code == go_ahead
    leftover = b""
    if accepted:
        leftover = yield TakeRest()
    return UpgradeReply(accepted=accepted, temporary=temporary, reply=reply, leftover=leftover)


def words(reply: Reply) -> str:
    """Return what the server said in a reply, cleaned, for a sentence to a person."""
    return clean(" ".join((reply.code, *reply.lines)).strip())


def command_line(line: bytes) -> bytes:
    """Return `line` with its end; a line end or NUL inside it would be an injection of our own."""
    if not line or _FORBIDDEN.search(line):
        raise ValueError(f"not one command line: {line!r}")
    return line + b"\r\n"


def sasl_line(data: bytes) -> bytes:
    """Return a client's answer in a SASL exchange (RFC 4422 section 4) as a line with its end."""
    return base64.b64encode(data) + b"\r\n"


def upgrade_lines(request: bytes, pipelined: bytes) -> bytes:
    """Return the request for TLS with its end, and what goes in one write with it."""
    return command_line(request) + (command_line(pipelined) if pipelined else b"")


def client_name_bytes(client_name: str) -> bytes:
    """Return the name for EHLO: a host name in its ASCII form or an address literal."""
    if not _CLIENT_NAME.fullmatch(client_name):
        raise ValueError(f"not a host name or address literal: {client_name!r}")
    return client_name.encode("ascii")


class Dialect(Protocol):
    """One mail protocol as a client needs it to judge the transport.

    Dialects keep no state: every method starts a new dialogue, and the bytes that one left over
    (`trailing`) are the driver's to hand on. Outcomes besides the result are `Missing` with the
    phase and THROTTLED, REFUSED, CLOSED or MALFORMED.
    """

    @property
    def protocol(self) -> terms.Protocol:
        """Return which protocol this is."""
        ...

    def offers_starttls(self, capabilities: Capabilities) -> bool:
        """Return whether an upgrade to TLS is offered."""
        ...

    def opening(self, client_name: str) -> Dialogue[Opening]:
        """Read the greeting, then learn the capabilities."""
        ...

    def upgrade(self, pipelined: bytes = b"") -> Dialogue[UpgradeReply]:
        """Ask for TLS; what follows the go-ahead in clear is taken off the stream as `leftover`.

        `pipelined` is a command line without its end (in IMAP with its tag) that goes in the same
        write behind the request, as no client may (RFC 3207 section 4.2).
        """
        ...

    def capabilities(self, client_name: str) -> Dialogue[Capabilities]:
        """Ask again inside TLS."""
        ...

    def command(
        self, line: bytes, *, phase: Phase = Phase.AFTER_TLS, secret: bool = False
    ) -> Dialogue[Reply]:
        """Send one command without its line end (ValueError if it has one) and read its reply.

        A SASL challenge ends the reply with code "+", in SMTP and LMTP "334".
        """
        ...

    def closing(self) -> Dialogue[Reply]:
        """Say goodbye and read the answer."""
        ...


class AccessDialect(ABC):
    """The frame of IMAP, POP3 and ManageSieve as a `Dialect`: what is asked is the same, in other words."""

    protocol: terms.Protocol
    request = "STARTTLS"

    def offers_starttls(self, capabilities: Capabilities) -> bool:
        """Return whether the request for TLS is listed."""
        return self.request in capabilities.names

    def opening(self, client_name: str) -> Dialogue[Opening]:
        """Read the greeting and learn the capabilities; these protocols do not ask for a name."""
        client_name_bytes(client_name)
        return Dialogue(self._opening(), Phase.GREETING)

    def upgrade(self, pipelined: bytes = b"") -> Dialogue[UpgradeReply]:
        """Ask for TLS."""
        lines = upgrade_lines(self.request.encode(), pipelined)
        return Dialogue(self._upgrade(lines), Phase.UPGRADE)

    def capabilities(self, client_name: str) -> Dialogue[Capabilities]:
        """Ask again inside TLS."""
        client_name_bytes(client_name)
        return Dialogue(self._capabilities(), Phase.AFTER_TLS)

    def closing(self) -> Dialogue[Reply]:
        """Say goodbye."""
        return Dialogue(self._closing(), Phase.AFTER_TLS)

    @abstractmethod
    def _opening(self) -> Script[Opening]: ...

    @abstractmethod
    def _upgrade(self, lines: bytes) -> Script[UpgradeReply]: ...

    @abstractmethod
    def _capabilities(self) -> Script[Capabilities]: ...

    @abstractmethod
    def _closing(self) -> Script[Reply]: ...
