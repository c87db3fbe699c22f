"""One whole session: greeting, capabilities, upgrade, handshake, capabilities again, farewell.

RFC 3207 and RFC 2595 where the upgrade is asked for, RFC 8314 where TLS is implicit. What was
learned before TLS is kept as evidence only: everything is asked again after it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mailtls.dialects import DIALECTS
from mailtls.dialects.base import Dialect, Opening
from mailtls.dialects.classify import classify
from mailtls.evidence import (
    SPOKEN_PROTOCOLS,
    Capabilities,
    HandshakeRefused,
    Missing,
    NotOffered,
    Reply,
    SessionEvidence,
    Skipped,
    Spoken,
    TlsFacts,
    UpgradeReply,
    WrongMode,
)
from mailtls.net.interface import Stream
from mailtls.probe.attempt import FAREWELL_SECONDS, Attempt
from mailtls.probe.conversation import BoundedStream, TlsStream, drain
from mailtls.probe.handshake import handshake
from mailtls.probe.questions import SessionQuestion
from mailtls.terms import Cause, Mode, Phase
from mailtls.tls.session import Handshake, TlsSession

GREETING_PATIENCE = 9.0
"""Seconds of silence before a STARTTLS port is asked whether it speaks TLS at once.

Postfix's postscreen holds its greeting back for 6 s, and the answer has to stand within 12 s.
"""

SILENT_PORT_SECONDS = 2.5
"""Longest wait for the answer to a TLS hello on a port that has kept silent."""

_UNTOLD = frozenset({Spoken.SILENCE, Spoken.UNKNOWN, *SPOKEN_PROTOCOLS})

Visit = Callable[[SessionEvidence, TlsStream, TlsSession], Awaitable[object]]
"""What goes on inside a session beyond its own steps; it is given the evidence, the stream and the channel."""

IMPLICIT = Skipped(reason="TLS starts with the first byte")
UPGRADED = Skipped(reason="a server greets once, before the upgrade")


async def ask_session(
    attempt: Attempt,
    question: SessionQuestion,
    stream: BoundedStream,
    *,
    visit: Visit | None = None,
) -> SessionEvidence:
    """Hold one session and return each of its steps; `visit` is let in before the farewell."""
    hold = _by_upgrade if question.mode is Mode.STARTTLS else _implicit
    return await hold(attempt, question, stream, visit)


async def _by_upgrade(
    attempt: Attempt, question: SessionQuestion, stream: BoundedStream, visit: Visit | None
) -> SessionEvidence:
    dialect = DIALECTS[question.protocol]
    opening = await open_dialogue(attempt, dialect, stream)
    if isinstance(opening, Missing | WrongMode):
        await drain(stream, seconds=attempt.seconds(FAREWELL_SECONDS))
        why = behind(opening, Phase.GREETING)
        return _ended(greeting=opening, before=why, upgrade=why, tls=why)
    if isinstance(opening.capabilities, Missing):
        await drain(stream, seconds=attempt.seconds(FAREWELL_SECONDS))
        why = opening.capabilities
        return _ended(greeting=opening.greeting, before=why, upgrade=why, tls=why)
    before = opening.capabilities
    if dialect.offers_starttls(before):
        attempt.on_progress()
    step = await upgrade(attempt, dialect, before, stream)
    if not isinstance(step, UpgradeReply) or not step.accepted:
        if not isinstance(step, Missing):
            await attempt.run(stream, dialect.closing(), most=FAREWELL_SECONDS)
        await drain(stream, seconds=attempt.seconds(FAREWELL_SECONDS))
        why = behind(step, Phase.UPGRADE)
        return _ended(greeting=opening.greeting, before=before, upgrade=step, tls=why)
    channel = tls_engine(question.server_name)
    tls = await handshake(attempt, question.anchors, channel, stream)
    if not isinstance(tls, TlsFacts):
        await drain(stream, seconds=attempt.seconds(FAREWELL_SECONDS))
        return _ended(greeting=opening.greeting, before=before, upgrade=step, tls=tls)
    inside = TlsStream(stream, channel)
    after = await attempt.run(inside, dialect.capabilities(attempt.settings.client_name))
    seen = SessionEvidence(
        greeting=opening.greeting,
        before=before,
        upgrade=step,
        tls=tls,
        greeting_after=UPGRADED,
        after=after,
    )
    await farewell(attempt, dialect, inside, await _visited(seen, after, inside, channel, visit))
    return seen


async def _implicit(
    attempt: Attempt, question: SessionQuestion, stream: BoundedStream, visit: Visit | None
) -> SessionEvidence:
    dialect = DIALECTS[question.protocol]
    channel = tls_engine(question.server_name)
    tls = await handshake(attempt, question.anchors, channel, stream)
    if not isinstance(tls, TlsFacts):
        await drain(stream, seconds=attempt.seconds(FAREWELL_SECONDS))
        return _ended(greeting=IMPLICIT, before=IMPLICIT, upgrade=IMPLICIT, tls=tls)
    attempt.on_progress()
    inside = TlsStream(stream, channel)
    opening = await attempt.run(inside, dialect.opening(attempt.settings.client_name))
    greeting: Reply | WrongMode | Missing
    after: Capabilities | Missing
    if isinstance(opening, Missing):
        greeting = after = opening
    else:
        greeting, after = opening.greeting, opening.capabilities
    seen = SessionEvidence(
        greeting=IMPLICIT,
        before=IMPLICIT,
        upgrade=IMPLICIT,
        tls=tls,
        greeting_after=greeting,
        after=after,
    )
    await farewell(attempt, dialect, inside, await _visited(seen, after, inside, channel, visit))
    return seen


async def _visited(
    seen: SessionEvidence,
    after: Capabilities | Missing,
    inside: TlsStream,
    channel: TlsSession,
    visit: Visit | None,
) -> object:
    """Return the last exchange of a session, the visitor's where one was let in."""
    return (
        after if visit is None or isinstance(after, Missing) else await visit(seen, inside, channel)
    )


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
    attempt.note("no greeting: asking the port whether it speaks TLS from the first byte")
    answer = await attempt.run(stream, tls_engine(""), most=SILENT_PORT_SECONDS)
    match answer:
        case Handshake() | HandshakeRefused():
            return WrongMode(spoken=Spoken.IMPLICIT_TLS, first_bytes=stream.first[:64])
        case WrongMode():
            return answer
        case _:
            return silence


async def upgrade(
    attempt: Attempt, dialect: Dialect, before: Capabilities, stream: BoundedStream
) -> UpgradeReply | NotOffered | Missing:
    """Ask for the upgrade where it is offered."""
    if not dialect.offers_starttls(before):
        return NotOffered(capabilities=before)
    return await attempt.run(stream, dialect.upgrade())


def tls_engine(server_name: str) -> TlsSession:
    """Return a handshake that names the server and verifies nothing."""
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


def _ended(
    *,
    greeting: Reply | WrongMode | Skipped | Missing,
    before: Capabilities | Skipped | Missing,
    upgrade: UpgradeReply | NotOffered | Skipped | Missing,
    tls: HandshakeRefused | WrongMode | Missing,
) -> SessionEvidence:
    """Return the evidence of a session that did not get through TLS."""
    behind = (
        tls
        if isinstance(tls, Missing)
        else Missing(phase=Phase.HANDSHAKE, cause=Cause.PREREQUISITE, detail="TLS was not reached")
    )
    return SessionEvidence(
        greeting=greeting,
        before=before,
        upgrade=upgrade,
        tls=tls,
        greeting_after=behind,
        after=behind,
    )
