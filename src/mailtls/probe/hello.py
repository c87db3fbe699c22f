"""One raw hello: greeting and upgrade where the mode has them, the hello, its answer, a tidy end."""

from __future__ import annotations

from dataclasses import replace

from mailtls.dialects import DIALECTS
from mailtls.evidence import (
    ClosedAnswer,
    FallbackEvidence,
    HelloEvidence,
    Missing,
    ServerAnswer,
    UpgradeReply,
)
from mailtls.net.interface import StreamError
from mailtls.probe.attempt import FAREWELL_SECONDS, UNDECIDED, Attempt
from mailtls.probe.boundary import in_clear_again
from mailtls.probe.conversation import BoundedStream, drain, within
from mailtls.probe.questions import FallbackQuestion, HelloQuestion, KindQuestion, Offer
from mailtls.probe.steps import behind, farewell, go_ahead, turned_away
from mailtls.terms import Cause, Mode, Phase
from mailtls.tls.flight import FirstFlight

DECISION_SECONDS = 3.0
"""Longest wait for the offer at the go-ahead: a server under stress gives its client 10 seconds."""


async def ask_hello(
    attempt: Attempt, question: HelloQuestion, stream: BoundedStream
) -> HelloEvidence | Missing:
    """Send one hello and return the server's first flight, its alert, or that it hung up."""
    step = None
    if question.mode is Mode.STARTTLS:
        dialect = DIALECTS[question.protocol]
        step = await go_ahead(attempt, dialect, stream)
        if not isinstance(step, UpgradeReply) or not step.accepted:
            await farewell(attempt, dialect, stream, step)
            return behind(step, Phase.UPGRADE)
    else:
        attempt.on_progress()
    offer = await _offer(attempt, question)
    if offer is None:
        await drain(stream, seconds=attempt.seconds(FAREWELL_SECONDS))
        return UNDECIDED
    before = stream.received
    flight = FirstFlight(offer, question.server_name, attempt.settings.randomness(32))
    outcome = await attempt.run(stream, flight)
    if (
        isinstance(outcome, Missing)
        and outcome.cause in (Cause.RESET, Cause.CLOSED)
        and stream.received == before
    ):
        outcome = HelloEvidence(answer=ClosedAnswer(reset=outcome.cause is Cause.RESET))
    if step is None and isinstance(outcome, Missing):
        outcome = turned_away(flight.trailing) or outcome
    if isinstance(outcome, HelloEvidence):
        attempt.on_answer(outcome.answer)
    if step is not None and attempt.carries_any(FallbackQuestion):
        protocol, behind_it = question.protocol, flight.trailing
        answer = await in_clear_again(attempt, protocol, stream, outcome, behind_it)
        attempt.heard.fallback = FallbackEvidence(upgrade=step, answer=answer)
        return outcome
    try:
        if alert := flight.data_to_send():
            await stream.send(alert)
    except StreamError:
        return outcome
    await drain(stream, seconds=attempt.seconds(FAREWELL_SECONDS))
    return outcome


async def ask_kind(
    attempt: Attempt, question: KindQuestion, stream: BoundedStream
) -> HelloEvidence | Missing:
    """Send the hello and hold the chain of its answer to the anchors, as that of a session."""
    seen = await ask_hello(attempt, question.hello, stream)
    match seen:
        case HelloEvidence(answer=ServerAnswer(certificates=(_, *_) as chain)):
            return replace(seen, path=attempt.settings.path_of(chain, question.anchors))
        case _:
            return seen


async def _offer(attempt: Attempt, question: HelloQuestion) -> Offer | None:
    if attempt.decided is None:
        return question.offer
    return await within(attempt.decided, seconds=attempt.seconds(DECISION_SECONDS))
