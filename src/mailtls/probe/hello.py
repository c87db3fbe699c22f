"""One raw hello: greeting and upgrade where the mode has them, the hello, its answer, a tidy end."""

from __future__ import annotations

from mailtls.dialects import DIALECTS
from mailtls.evidence import (
    ClosedAnswer,
    HelloEvidence,
    Missing,
    NotOffered,
    UpgradeReply,
    WrongMode,
)
from mailtls.net.interface import StreamError
from mailtls.probe.attempt import FAREWELL_SECONDS, Attempt
from mailtls.probe.conversation import BoundedStream, drain
from mailtls.probe.questions import HelloQuestion
from mailtls.probe.session import open_dialogue, upgrade
from mailtls.terms import Cause, Mode, Phase
from mailtls.tls.flight import FirstFlight


async def ask_hello(
    attempt: Attempt, question: HelloQuestion, stream: BoundedStream
) -> HelloEvidence | Missing:
    """Send one hello and return the server's first flight, its alert, or that it hung up."""
    if question.mode is Mode.STARTTLS:
        stopped = await _to_the_go_ahead(attempt, question, stream)
        if stopped is not None:
            await drain(stream, seconds=attempt.seconds(FAREWELL_SECONDS))
            return stopped
    else:
        attempt.on_progress()
    before = stream.received
    flight = FirstFlight(question.offer, question.server_name, attempt.settings.randomness(32))
    outcome = await attempt.run(stream, flight)
    if (
        isinstance(outcome, Missing)
        and outcome.cause in (Cause.RESET, Cause.CLOSED)
        and stream.received == before
    ):
        return HelloEvidence(answer=ClosedAnswer(reset=outcome.cause is Cause.RESET))
    try:
        if farewell := flight.data_to_send():
            await stream.send(farewell)
    except StreamError:
        return outcome
    await drain(stream, seconds=attempt.seconds(FAREWELL_SECONDS))
    return outcome


async def _to_the_go_ahead(
    attempt: Attempt, question: HelloQuestion, stream: BoundedStream
) -> Missing | None:
    dialect = DIALECTS[question.protocol]
    opening = await open_dialogue(attempt, dialect, stream)
    if isinstance(opening, Missing):
        return opening
    if isinstance(opening, WrongMode):
        return _prerequisite(Phase.GREETING, f"the port speaks {opening.spoken.value}")
    if isinstance(opening.capabilities, Missing):
        return opening.capabilities
    step = await upgrade(attempt, dialect, opening.capabilities, stream)
    match step:
        case Missing():
            return step
        case NotOffered():
            return _prerequisite(Phase.UPGRADE, "the server does not offer STARTTLS")
        case UpgradeReply(accepted=False, temporary=temporary, reply=reply):
            cause = Cause.THROTTLED if temporary else Cause.PREREQUISITE
            return Missing(
                phase=Phase.UPGRADE,
                cause=cause,
                detail=f"the server answered the upgrade with {reply.code}",
            )
        case UpgradeReply():
            return None


def _prerequisite(phase: Phase, detail: str) -> Missing:
    return Missing(phase=phase, cause=Cause.PREREQUISITE, detail=detail)
