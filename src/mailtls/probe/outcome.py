"""What became of the connections to one target: whether to ask again, whom to ask, and the answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import TypeVar

from mailtls.evidence import (
    Capabilities,
    Evidence,
    FallbackEvidence,
    HelloEvidence,
    InjectionEvidence,
    Missing,
    NotObserved,
    Observation,
    Observed,
    PortEvidence,
    SessionEvidence,
    UpgradeEvidence,
    WrongMode,
)
from mailtls.probe.attempt import UNDECIDED, Heard, InClear, Inside
from mailtls.probe.folding import Call, Family
from mailtls.probe.questions import (
    FallbackQuestion,
    Question,
    SessionQuestion,
    UpgradeQuestion,
)
from mailtls.pure import pure
from mailtls.revocations import RevocationEvidence
from mailtls.terms import Cause, Phase

RETRIED = frozenset({Cause.TIMED_OUT, Cause.RESET, Cause.CLOSED, Cause.THROTTLED})
"""What may be better a moment later; a refusal, a missing route or nonsense will not."""


@pure
class Asked:
    """One call that was made: what it was for and what was heard by the way."""

    call: Call
    seen: Observation
    heard: Heard = field(default_factory=Heard)

    @property
    def trouble(self) -> Cause | None:
        """Return what kept the call from its answers, None where it has them all."""
        return _trouble(self.seen) or self._trouble_by_the_way

    @property
    def undecided(self) -> bool:
        """Return whether the offer was not chosen in time, and no hello was sent."""
        return isinstance(self.seen, NotObserved) and self.seen.missing is UNDECIDED

    @property
    def retried(self) -> Call:
        """Return what to ask in another try.

        What was said by the way may be what the server minded, so it is not said again.
        """
        began = any((self.heard.in_clear, self.heard.inside))
        if _trouble(self.seen) is None or not began:
            return self.call
        return Call(question=self.call.question)

    def improved(self, later: Asked) -> Asked:
        """Return this with what another try has answered and this has not."""
        seen = self.seen if _trouble(self.seen) is None else later.seen
        mine, theirs = self.heard, later.heard
        heard = Heard(
            in_clear=_better(mine.in_clear, theirs.in_clear),
            inside=_better(mine.inside, theirs.inside),
            fallback=_better(mine.fallback, theirs.fallback),
        )
        return replace(self, seen=seen, heard=heard)

    @property
    def _trouble_by_the_way(self) -> Cause | None:
        heard = (self.heard.in_clear, self.heard.inside, self.heard.fallback)
        return _first_cause(step for each in heard for step in _by_the_way(each))


def counted(asked: Asked, made: int) -> Asked:
    """Return a call with the number of connections that were made for it."""
    return replace(asked, seen=replace(asked.seen, attempts=made))


def late(call: Call) -> Asked:
    """Return the answer to a call whose turn did not come in the target's time."""
    detail = "the time for this target ended before its turn came"
    missing = Missing(phase=Phase.CONNECT, cause=Cause.TIMED_OUT, detail=detail)
    return Asked(
        call=call, seen=NotObserved(missing=missing, transcript=(), seconds=0.0, attempts=0)
    )


def worth_asking(
    others: Iterable[Call | Family], lead: Observation | None
) -> Iterator[Call | Family]:
    """Return what has something to learn beside a lead that goes on (None), or has ended so."""
    for each in others:
        if lead is None or _can_learn(lead):
            yield each
        elif isinstance(each, Call) and _was_offered(lead):
            # What MAIL in clear tells needs no TLS.
            mail = [q for q in (each.question, *each.carries) if isinstance(q, UpgradeQuestion)]
            yield from (Call(question=question) for question in mail[:1])


def answers_to(questions: Iterable[Question], asked: list[Asked]) -> Mapping[Question, Observation]:
    """Return the answer to every question, put together from the calls; the lead's is the first."""
    lead = asked[0].seen
    answers: dict[Question, Observation] = {
        each.call.question: each.seen
        for each in asked
        if not isinstance(each.call.question, UpgradeQuestion)
    }
    for question in questions:
        if question in answers:
            continue
        on = [each for each in asked if question in (each.call.question, *each.call.carries)]
        match question:
            case UpgradeQuestion() if on:
                answers[question] = _of_both_halves(question, on)
            case FallbackQuestion() if on:
                answers[question] = _of_fallback(on[0])
            case _:
                answers[question] = _not_asked(lead)
    return answers


def _of_both_halves(question: UpgradeQuestion, on: list[Asked]) -> Observation:
    from mailtls.probe.upgrade import joined

    inside = [each for each in on if isinstance(each.call.question, SessionQuestion)]
    in_clear = [each for each in on if each not in inside]
    heard = next((each.heard.in_clear for each in in_clear if each.heard.in_clear), None)
    seen = inside[0].seen
    evidence = joined(question, seen, inside[0].heard.inside, heard)
    whole = [*in_clear, *inside]
    own = sum(each.seen.attempts for each in in_clear if each.call.question == question)
    return _observation(evidence, whole, own)


def _of_fallback(on: Asked) -> Observation:
    missing = _not_asked(on.seen).missing
    return _observation(on.heard.fallback or missing, [on], 0)


def _observation(evidence: Evidence | Missing, on: list[Asked], attempts: int) -> Observation:
    transcript = tuple(line for each in on for line in each.seen.transcript)
    seconds = max(each.seen.seconds for each in on)
    if isinstance(evidence, Missing):
        return NotObserved(
            missing=evidence, transcript=transcript, seconds=seconds, attempts=attempts
        )
    return Observed(evidence=evidence, transcript=transcript, seconds=seconds, attempts=attempts)


def steps(evidence: Evidence) -> tuple[object, ...]:
    """Return the steps that evidence rests on, in the order of the wire."""
    match evidence:
        case SessionEvidence() as seen:
            return (
                seen.greeting,
                seen.before,
                seen.upgrade,
                seen.tls,
                seen.greeting_after,
                seen.after,
            )
        case UpgradeEvidence() as seen:
            return (seen.unannounced, seen.clear)
        case InjectionEvidence() | FallbackEvidence() as seen:
            return (seen.upgrade, seen.answer)
        case HelloEvidence() | PortEvidence() | RevocationEvidence():
            return ()


def _trouble(seen: Observation) -> Cause | None:
    """Return what kept the question from its answer, None where it was answered."""
    if isinstance(seen, NotObserved):
        return seen.missing.cause
    return _first_cause(steps(seen.evidence))


def _by_the_way(heard: InClear | Inside | FallbackEvidence | None) -> tuple[object, ...]:
    """Return the steps that what was heard by the way rests on."""
    match heard:
        case InClear():
            return (heard.unannounced, heard.clear)
        case Inside():
            # Whoever hangs up on a second upgrade has refused it.
            return (heard.forgotten, heard.protected)
        case FallbackEvidence():
            return (heard.answer,)
        case None:
            return ()


H = TypeVar("H", InClear, Inside, FallbackEvidence)


def _better(mine: H | None, later: H | None) -> H | None:
    if later is None or (mine is not None and _first_cause(_by_the_way(mine)) is None):
        return mine
    return later


def _first_cause(steps: Iterable[object]) -> Cause | None:
    return next((step.cause for step in steps if isinstance(step, Missing)), None)


def _can_learn(lead: Observation) -> bool:
    """Return whether a hello has something to learn where the lead has ended already."""
    match lead:
        case Observed(evidence=SessionEvidence(tls=Missing() as missing)):
            return missing.phase is Phase.HANDSHAKE
        case Observed(evidence=SessionEvidence(tls=WrongMode())) | NotObserved():
            return False
        case Observed():
            return True


def _was_offered(lead: Observation) -> bool:
    """Return whether the server named its capabilities in clear."""
    evidence = getattr(lead, "evidence", None)
    return isinstance(evidence, SessionEvidence) and isinstance(evidence.before, Capabilities)


def _not_asked(lead: Observation) -> NotObserved:
    """Return the answer of a question that the lead made pointless."""
    phase, detail = Phase.CONNECT, "the session before it did not get that far"
    match lead:
        case NotObserved(missing=missing):
            phase, detail = missing.phase, missing.detail
        case Observed(evidence=SessionEvidence(tls=Missing() as missing)):
            phase, detail = missing.phase, missing.detail
        case Observed(evidence=SessionEvidence(tls=WrongMode(spoken=spoken))):
            phase, detail = Phase.HANDSHAKE, f"the port speaks {spoken.value}"
    return NotObserved(
        missing=Missing(phase=phase, cause=Cause.PREREQUISITE, detail=detail),
        transcript=(),
        seconds=0.0,
        attempts=0,
    )
