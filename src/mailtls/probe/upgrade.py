"""The two halves of the walk through the upgrade: MAIL in clear, and what the session said inside TLS."""

from __future__ import annotations

from mailtls.dialects import DIALECTS
from mailtls.dialects.smtp import SmtpDialect
from mailtls.evidence import (
    Missing,
    NotObserved,
    Observation,
    SessionEvidence,
    Skipped,
    TlsFacts,
    UpgradeEvidence,
)
from mailtls.probe.attempt import Attempt, InClear, Inside
from mailtls.probe.conversation import BoundedStream
from mailtls.probe.mail import NO_MAIL, NOT_IN_CLEAR, mail_in_clear
from mailtls.probe.questions import UpgradeQuestion
from mailtls.probe.steps import behind, farewell
from mailtls.terms import Cause, Phase, Protocol


async def ask_in_clear(
    attempt: Attempt, question: UpgradeQuestion, stream: BoundedStream
) -> UpgradeEvidence:
    """Ask the half in clear on a connection of its own; the rest is the session's."""
    dialect = DIALECTS[question.protocol]
    assert isinstance(dialect, SmtpDialect)
    last = await mail_in_clear(attempt, dialect, stream, ask_for_tls=False)
    await farewell(attempt, dialect, stream, last)
    rest = _missing("the session tells")
    heard = attempt.heard.in_clear
    assert heard is not None
    return UpgradeEvidence(
        unannounced=heard.unannounced,
        before=rest,
        clear=heard.clear,
        upgrade=rest,
        tls=rest,
        forgotten=rest,
        after=rest,
        protected=rest,
        again=rest,
    )


def joined(
    question: UpgradeQuestion,
    session: Observation,
    inside: Inside | None,
    in_clear: InClear | None,
) -> UpgradeEvidence | Missing:
    """Return the evidence of both halves, or why the session has none."""
    if isinstance(session, NotObserved):
        return session.missing
    seen = session.evidence
    assert isinstance(seen, SessionEvidence)
    lost = None if isinstance(seen.tls, TlsFacts) else behind(seen.tls, Phase.HANDSHAKE)
    nothing = lost or _missing("the session did not get that far")
    unasked: Skipped | Missing = NOT_IN_CLEAR
    if question.protocol not in {Protocol.SMTP, Protocol.LMTP}:
        unasked = NO_MAIL
    elif question.clear:
        unasked = nothing
    rest = inside or Inside(forgotten=nothing, protected=nothing, again=nothing)
    return UpgradeEvidence(
        unannounced=unasked if in_clear is None else in_clear.unannounced,
        before=nothing if isinstance(seen.before, Skipped) else seen.before,
        clear=unasked if in_clear is None else in_clear.clear,
        upgrade=nothing if isinstance(seen.upgrade, Skipped) else seen.upgrade,
        tls=True if lost is None else lost,
        forgotten=rest.forgotten,
        after=seen.after,
        protected=rest.protected,
        again=rest.again,
    )


def _missing(detail: str) -> Missing:
    return Missing(phase=Phase.UPGRADE, cause=Cause.PREREQUISITE, detail=detail)
