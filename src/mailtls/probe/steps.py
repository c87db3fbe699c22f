"""The steps that several questions share: the greeting, the way to the go-ahead, the goodbye."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailtls.dialects.base import Dialect, Opening
from mailtls.dialects.classify import classify, says_later
from mailtls.dialects.smtp import SmtpDialect
from mailtls.evidence import (
    SPOKEN_PROTOCOLS,
    Capabilities,
    HandshakeRefused,
    Missing,
    NotOffered,
    Spoken,
    UpgradeReply,
    WrongMode,
)
from mailtls.net.interface import Stream
from mailtls.probe.attempt import FAREWELL_SECONDS, Attempt
from mailtls.probe.conversation import BoundedStream, drain
from mailtls.probe.mail import mail_in_clear
from mailtls.probe.questions import UpgradeQuestion
from mailtls.sanitizer import clean_bytes
from mailtls.terms import Cause, Phase

if TYPE_CHECKING:
    from mailtls.tls.session import TlsSession

GREETING_PATIENCE = 9.0
"""Seconds of silence before a STARTTLS port is asked whether it speaks TLS at once.

Postfix's postscreen holds its greeting back for 6 s, and the answer has to stand within 12 s.
"""

SILENT_PORT_SECONDS = 2.5
"""Longest wait for the answer to a TLS hello on a port that has kept silent."""

_UNTOLD = frozenset({Spoken.SILENCE, Spoken.UNKNOWN, *SPOKEN_PROTOCOLS})


async def open_dialogue(
    attempt: Attempt, dialect: Dialect, stream: BoundedStream
) -> Opening | WrongMode | Missing:
    """Wait for the greeting and ask for capabilities; a silent port is asked whether it is TLS."""
    engine = dialect.opening(attempt.settings.client_name)
    outcome = await attempt.run(stream, engine, most=GREETING_PATIENCE)
    if isinstance(outcome, Missing) and outcome.cause is Cause.TIMED_OUT:
        if stream.received == 0:
            return await _ask_silent_port(attempt, stream, outcome)
        # A greeting held back in parts (postscreen's teaser): the same engine goes on.
        outcome = await attempt.run(stream, engine)
        spoken = classify(engine.trailing)
        if isinstance(outcome, Missing) and spoken not in _UNTOLD:
            # A banner without a line end, as MySQL's: it names itself though nothing completes it.
            return WrongMode(spoken=spoken, first_bytes=stream.first[:64])
    if isinstance(outcome, Opening) and isinstance(outcome.greeting, WrongMode):
        return outcome.greeting
    return outcome


async def _ask_silent_port(
    attempt: Attempt, stream: BoundedStream, silence: Missing
) -> WrongMode | Missing:
    from mailtls.tls.session import Handshake

    attempt.note("no greeting: asking the port whether it speaks TLS from the first byte")
    answer = await attempt.run(stream, tls_engine(""), most=SILENT_PORT_SECONDS)
    match answer:
        case Handshake() | HandshakeRefused():
            return WrongMode(spoken=Spoken.IMPLICIT_TLS, first_bytes=stream.first[:64])
        case WrongMode():
            return answer
        case _:
            return silence


def turned_away(first_bytes: bytes) -> Missing | None:
    """Return the cause where a port of implicit TLS said "later" in clear, None where it did not.

    Exim counts its connections before TLS begins, and answers so whatever the port.
    """
    if not says_later(first_bytes):
        return None
    said = clean_bytes(first_bytes.partition(b"\r\n")[0])
    return Missing(
        phase=Phase.GREETING,
        cause=Cause.THROTTLED,
        detail=f"the server answers in clear, before TLS, with {said}",
    )


async def go_ahead(
    attempt: Attempt, dialect: Dialect, stream: BoundedStream, pipelined: bytes = b""
) -> UpgradeReply | NotOffered | Missing:
    """Go from the greeting to the answer to the request for TLS, by MAIL in clear where it is carried."""
    if isinstance(dialect, SmtpDialect) and attempt.carries_any(UpgradeQuestion):
        return await mail_in_clear(attempt, dialect, stream, ask_for_tls=True)
    opening = await open_dialogue(attempt, dialect, stream)
    if isinstance(opening, Missing):
        return opening
    if isinstance(opening, WrongMode):
        return behind(opening, Phase.GREETING)
    if isinstance(opening.capabilities, Missing):
        return opening.capabilities
    return await upgrade(attempt, dialect, opening.capabilities, stream, pipelined)


async def upgrade(
    attempt: Attempt,
    dialect: Dialect,
    before: Capabilities,
    stream: BoundedStream,
    pipelined: bytes = b"",
) -> UpgradeReply | NotOffered | Missing:
    """Ask for the upgrade where it is offered, with `pipelined` behind it in one write."""
    if not dialect.offers_starttls(before):
        return NotOffered(capabilities=before)
    return await attempt.run(stream, dialect.upgrade(pipelined))


def tls_engine(server_name: str) -> TlsSession:
    """Return a handshake that names the server and verifies nothing."""
    from mailtls.tls.session import TlsSession

    return TlsSession(server_name, classify=classify)


async def farewell(
    attempt: Attempt, dialect: Dialect, stream: Stream, last: object | Missing
) -> None:
    """Say goodbye unless the `last` exchange failed, and close tidily."""
    if not isinstance(last, Missing):
        await attempt.run(stream, dialect.closing(), most=FAREWELL_SECONDS)
    await drain(stream, seconds=attempt.seconds(FAREWELL_SECONDS))


def behind(
    step: UpgradeReply | NotOffered | WrongMode | HandshakeRefused | Missing, phase: Phase
) -> Missing:
    """Return why the steps behind `step` are missing."""
    match step:
        case Missing():
            return step
        case WrongMode(spoken=spoken):
            detail = f"the port speaks {spoken.value}"
        case NotOffered():
            detail = "the server does not offer STARTTLS"
        case HandshakeRefused(name=name):
            detail = f"the server refused the handshake with the alert {name}"
        case UpgradeReply(reply=reply, temporary=temporary):
            detail = f"the server answered the upgrade with {reply.code}"
            if temporary:
                return Missing(phase=phase, cause=Cause.THROTTLED, detail=detail)
    return Missing(phase=phase, cause=Cause.PREREQUISITE, detail=detail)
