"""One whole session: greeting, capabilities, upgrade, handshake, capabilities again, farewell.

RFC 3207 and RFC 2595 where the upgrade is asked for, RFC 8314 where TLS is implicit. What was
learned before TLS is kept as evidence only: everything is asked again after it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import TYPE_CHECKING, TypeAlias

from mailtls.dialects import DIALECTS
from mailtls.evidence import (
    Capabilities,
    HandshakeRefused,
    Missing,
    NotOffered,
    Reply,
    SessionEvidence,
    Skipped,
    TlsFacts,
    UpgradeReply,
    WrongMode,
)
from mailtls.policy.model import Anchors
from mailtls.probe.attempt import FAREWELL_SECONDS, Attempt
from mailtls.probe.conversation import BoundedStream, TlsStream, drain
from mailtls.probe.mail import walk_inside
from mailtls.probe.questions import SessionQuestion, UpgradeQuestion
from mailtls.probe.steps import (
    behind,
    farewell,
    open_dialogue,
    tls_engine,
    turned_away,
    upgrade,
)
from mailtls.terms import Cause, Mode, Phase

if TYPE_CHECKING:
    from mailtls.tls.session import Handshake, TlsSession

Visit: TypeAlias = "Callable[[SessionEvidence, TlsStream, TlsSession], Awaitable[object]]"
"""What goes on inside a session beyond its own steps; it gets the evidence, the stream and the channel."""

IMPLICIT = Skipped(reason="TLS starts with the first byte")
UPGRADED = Skipped(reason="a server greets once, before the upgrade")


async def ask_session(
    attempt: Attempt,
    question: SessionQuestion,
    stream: BoundedStream,
    *,
    visit: Visit | None = None,
) -> SessionEvidence:
    """Hold one session of the declared protocol and mode, and return each of its steps.

    `visit` is called inside TLS when all of them are known; behind a `Missing` from it no farewell is
    said.
    """
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
    channel = cache(partial(tls_engine, question.server_name))
    if dialect.offers_starttls(before):
        attempt.on_progress()
        attempt.meanwhile = channel
    step = await upgrade(attempt, dialect, before, stream)
    if not isinstance(step, UpgradeReply) or not step.accepted:
        if not isinstance(step, Missing):
            await attempt.run(stream, dialect.closing(), most=FAREWELL_SECONDS)
        await drain(stream, seconds=attempt.seconds(FAREWELL_SECONDS))
        why = behind(step, Phase.UPGRADE)
        return _ended(greeting=opening.greeting, before=before, upgrade=step, tls=why)
    done = await _handshake(attempt, channel(), stream)
    if isinstance(done, HandshakeRefused | WrongMode | Missing):
        await drain(stream, seconds=attempt.seconds(FAREWELL_SECONDS))
        return _ended(greeting=opening.greeting, before=before, upgrade=step, tls=done)
    tls = attempt.meanwhile = cache(partial(_facts, attempt, question.anchors, done))
    inside = TlsStream(stream, channel())
    last: object
    if attempt.carries_any(UpgradeQuestion):
        after, last = await walk_inside(attempt, dialect, inside, step)
    else:
        last = after = await attempt.run(inside, dialect.capabilities(attempt.settings.client_name))
    seen = SessionEvidence(
        greeting=opening.greeting,
        before=before,
        upgrade=step,
        tls=tls(),
        greeting_after=UPGRADED,
        after=after,
    )
    if visit is not None and not isinstance(after, Missing):
        last = await visit(seen, inside, channel())
    await farewell(attempt, dialect, inside, last)
    return seen


async def _implicit(
    attempt: Attempt, question: SessionQuestion, stream: BoundedStream, visit: Visit | None
) -> SessionEvidence:
    dialect = DIALECTS[question.protocol]
    channel = tls_engine(question.server_name)
    done = await _handshake(attempt, channel, stream)
    if isinstance(done, WrongMode):
        done = turned_away(done.first_bytes) or done
    if isinstance(done, HandshakeRefused | WrongMode | Missing):
        await drain(stream, seconds=attempt.seconds(FAREWELL_SECONDS))
        return _ended(greeting=IMPLICIT, before=IMPLICIT, upgrade=IMPLICIT, tls=done)
    attempt.on_progress()
    tls = attempt.meanwhile = cache(partial(_facts, attempt, question.anchors, done))
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
        tls=tls(),
        greeting_after=greeting,
        after=after,
    )
    last: object = after
    if visit is not None and not isinstance(after, Missing):
        last = await visit(seen, inside, channel)
    await farewell(attempt, dialect, inside, last)
    return seen


async def _handshake(
    attempt: Attempt, channel: TlsSession, stream: BoundedStream
) -> Handshake | HandshakeRefused | WrongMode | Missing:
    return await attempt.run(stream, channel)


def _facts(attempt: Attempt, anchors: Anchors, done: Handshake) -> TlsFacts:
    from mailtls.tls import certificates

    return TlsFacts(
        version=done.version,
        cipher=done.cipher,
        group=done.group,
        alpn=done.alpn,
        chain=tuple(certificates.parse(der) for der in done.chain),
        path=attempt.settings.path_of(done.chain, anchors),
        staple=done.staple,
        client_certificate_requested=done.client_certificate_requested,
    )


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
