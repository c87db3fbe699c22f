"""What crosses the upgrade: a command smuggled behind STARTTLS, and plain text after a failed handshake.

Both are harmless to a server that is sound: the smuggled command does nothing, and a record that no
handshake begins with is refused as any broken client's is.
"""

from __future__ import annotations

from mailtls.dialects import DIALECTS
from mailtls.dialects.boundary import CROSSINGS, fallback, first_replies
from mailtls.evidence import (
    AlertAnswer,
    ClosedAnswer,
    Fallback,
    FallbackEvidence,
    HandshakeRefused,
    HelloEvidence,
    InjectionEvidence,
    Missing,
    ServerAnswer,
    Smuggled,
    UpgradeReply,
    WrongMode,
)
from mailtls.probe.attempt import FAREWELL_SECONDS, Attempt
from mailtls.probe.conversation import BoundedStream, TlsStream, drain
from mailtls.probe.questions import FallbackQuestion, InjectionQuestion
from mailtls.probe.steps import behind, farewell, go_ahead, tls_engine
from mailtls.terms import Cause, Phase, Protocol

_ALERT = b"\x15\x03"
"""How an alert's record begins (RFC 8446 section 5.1)."""

FALLBACK_SECONDS = 5.0
"""Longest wait for what follows a junk record; servers end the connection in under one."""

SMUGGLED_SECONDS = 3.0
"""Longest wait for TLS behind a smuggled command, before the server is told that no more will come."""


async def ask_injection(
    attempt: Attempt, question: InjectionQuestion, stream: BoundedStream
) -> InjectionEvidence:
    """Send STARTTLS and a second command in one write, then see which reply comes first inside TLS."""
    dialect = DIALECTS[question.protocol]
    crossing = CROSSINGS[question.protocol]
    word = _word(attempt)
    step = await go_ahead(attempt, dialect, stream, crossing.smuggled(word))
    if not isinstance(step, UpgradeReply) or not step.accepted:
        await farewell(attempt, dialect, stream, step)
        return InjectionEvidence(upgrade=step, answer=behind(step, Phase.UPGRADE))
    from mailtls.tls.session import Handshake

    channel = tls_engine(question.server_name)
    if step.leftover.startswith(_ALERT):
        # The answer to the smuggled command, read as a record, came with the go-ahead.
        channel.receive_data(step.leftover)
    before = stream.received
    done: Handshake | HandshakeRefused | WrongMode | Missing = await attempt.run(
        stream, channel, most=SMUGGLED_SECONDS
    )
    if not isinstance(done, Handshake):
        ended = await drain(stream, seconds=attempt.seconds(FAREWELL_SECONDS))
        # Dovecot takes the smuggled command for the start of TLS and hangs up: 2.3 at once, 2.4 when
        # it learns that nothing more will come. A reset instead is our own doing, because the
        # ClientHello behind it was never read.
        if isinstance(done, Missing) and done.cause in {Cause.CLOSED, Cause.RESET}:
            hung_up = ClosedAnswer(reset=done.cause is Cause.RESET)
            return InjectionEvidence(upgrade=step, answer=hung_up)
        if isinstance(done, Missing) and ended and stream.received == before:
            return InjectionEvidence(upgrade=step, answer=ClosedAnswer(reset=False))
        return InjectionEvidence(upgrade=step, answer=done)
    inside = TlsStream(stream, channel)
    answer: Smuggled | Missing = await attempt.run(inside, first_replies(question.protocol, word))
    if crossing.leaves:
        await drain(inside, seconds=attempt.seconds(FAREWELL_SECONDS))
    else:
        await farewell(attempt, dialect, inside, answer)
    return InjectionEvidence(upgrade=step, answer=answer)


async def ask_fallback(
    attempt: Attempt, question: FallbackQuestion, stream: BoundedStream
) -> FallbackEvidence:
    """Send a junk record where a ClientHello is due, and see whether commands are answered in clear."""
    dialect = DIALECTS[question.protocol]
    step = await go_ahead(attempt, dialect, stream)
    if not isinstance(step, UpgradeReply) or not step.accepted:
        await farewell(attempt, dialect, stream, step)
        return FallbackEvidence(upgrade=step, answer=behind(step, Phase.UPGRADE))
    answer = await in_clear_again(attempt, question.protocol, stream)
    return FallbackEvidence(upgrade=step, answer=answer)


async def in_clear_again(
    attempt: Attempt,
    protocol: Protocol,
    stream: BoundedStream,
    failed: HelloEvidence | Missing | None = None,
    trailing: bytes = b"",
) -> Fallback | Missing:
    """Say a command in clear behind a handshake that failed, read to the end, and close tidily.

    `failed` is what became of a hello, and `trailing` what came behind that. Without a hello, and
    behind one that was accepted, a junk record makes the handshake fail first.
    """
    refused = isinstance(failed, HelloEvidence) and isinstance(failed.answer, AlertAnswer)
    answered = isinstance(failed, HelloEvidence) and isinstance(failed.answer, ServerAnswer)
    answer: Fallback | Missing
    hung_up = isinstance(failed, HelloEvidence) and not refused and not answered
    if hung_up and not trailing:
        answer = Fallback(alerted=False, resumed=())
    elif isinstance(failed, Missing) and failed.cause is not Cause.MALFORMED:
        answer = failed
    else:
        before = stream.received
        junk = failed is None or answered
        engine = fallback(protocol, _word(attempt), junk=junk, alerted=refused)
        # A hello that was refused in clear has its refusal in `trailing`.
        engine.receive_data(trailing if refused or hung_up else b"")
        answer = await attempt.run(stream, engine, most=FALLBACK_SECONDS)
        alerted = refused or stream.received > before
        if isinstance(answer, Missing) and _is_an_end(answer, alerted=alerted):
            answer = Fallback(alerted=alerted, resumed=())
    await farewell(attempt, DIALECTS[protocol], stream, answer if _talks(answer) else _SILENT)
    return answer


_SILENT = Missing(phase=Phase.HANDSHAKE, cause=Cause.CLOSED, detail="nobody listens any more")


def _talks(answer: Fallback | Missing) -> bool:
    return isinstance(answer, Fallback) and bool(answer.resumed)


def _is_an_end(missing: Missing, *, alerted: bool) -> bool:
    """Return whether the server gave the connection up: the sound answer to a junk record.

    The reset is our own doing where the server closed before it read the command behind the junk.
    """
    ended = missing.cause in {Cause.CLOSED, Cause.RESET}
    return ended or (alerted and missing.cause is Cause.TIMED_OUT)


def _word(attempt: Attempt) -> str:
    return attempt.settings.randomness(8).hex()
