"""The control of every hello below TLS 1.3, and what its answer says by the way.

A refusal tells nothing alone: a server may hang up on a hello for its length, or for its client's
many connections. Beside an answer to the longest hello, sent to the same address, it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailtls.evidence import (
    AlertAnswer,
    ClosedAnswer,
    HelloEvidence,
    Missing,
    NotObserved,
    Observation,
    Observed,
    ServerAnswer,
    TlsFacts,
)
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import HelloQuestion, Offer, Question
from mailtls.rules.base import (
    Finding,
    TargetView,
    hello_question,
    inconclusive,
    lighter,
    not_applicable,
    session_question,
)
from mailtls.rules.causes import behind
from mailtls.rules.grades import control
from mailtls.terms import Cause, Level, Phase, TlsVersion
from mailtls.tls.alerts import VERSION_ALERT
from mailtls.tls.offers import exactly

# Alerts that complain of the hello itself and not of what it offers (RFC 8446 section 6.2).
_OF_THE_HELLO = frozenset(
    {
        "unexpected_message",
        "record_overflow",
        "illegal_parameter",
        "decode_error",
        "missing_extension",
    }
)


@dataclass(frozen=True, slots=True)
class Modern:
    """TLS 1.3 is negotiated, and every hello of TLS 1.2 and below is refused."""


def control_question(endpoint: Endpoint, profile: Profile) -> HelloQuestion:
    """Return the question that the control answers."""
    return hello_question(endpoint, control(endpoint, profile))


def needs_control(endpoint: Endpoint, profile: Profile) -> Iterable[Question]:
    """Return the need of the rules that the session and the control decide."""
    return (session_question(endpoint), control_question(endpoint, profile))


def below_tls13(view: TargetView) -> ServerAnswer | Modern | Missing:
    """Return the control's answer, `Modern`, or why neither is known."""
    offer = control(view.endpoint, view.profile)
    evidence = view.hello(offer)
    if isinstance(evidence, Missing):
        return evidence
    match evidence.answer:
        case ServerAnswer() as answer:
            return answer
        case AlertAnswer(name=name):
            said, cause = f"with the alert {name}", Cause.PREREQUISITE
        case ClosedAnswer(reset=reset):
            said = "by a reset" if reset else "without an alert"
            cause = Cause.RESET if reset else Cause.CLOSED
            name = "reset" if reset else ""
    session = view.tls
    if isinstance(session, Missing):
        return session
    if (turned_away := doubtful(view, evidence.answer)) is not None:
        return turned_away
    plain = name != "reset" and name not in _OF_THE_HELLO
    if plain and session.version >= TlsVersion.TLS1_3 and not _speaks_below(view):
        return Modern()
    return Missing(
        phase=Phase.HANDSHAKE,
        cause=cause,
        detail=f"the server refused the control, a hello of {len(offer.suites)} suites, {said}:"
        " whether for its length cannot be told",
    )


def doubtful(view: TargetView, answer: AlertAnswer | ClosedAnswer) -> Missing | None:
    """Return why a refusal does not count: a hello like that of the session was refused too.

    The runner sends that one where the refusals leave a doubt (`probe.doubt`). An alert about the
    version itself leaves none.
    """
    if isinstance(answer, AlertAnswer) and answer.name == VERSION_ALERT:
        return None
    match _like_the_session(view):
        case NotObserved(missing=missing):
            return behind(missing)
        case Observed(evidence=HelloEvidence(answer=AlertAnswer(name=name))):
            return Missing(
                phase=Phase.HANDSHAKE,
                cause=Cause.PREREQUISITE,
                detail=f"the server refused a hello like that of the session too, with the alert {name}:"
                " something may be filtering hellos",
            )
        case Observed(evidence=HelloEvidence(answer=ClosedAnswer() as closed)):
            return _turned_away(closed)
    if isinstance(answer, ClosedAnswer) and _hangs_up_on_all(view):
        return _turned_away(answer)
    return None


def _turned_away(answer: ClosedAnswer) -> Missing:
    return Missing(
        phase=Phase.HANDSHAKE,
        cause=Cause.RESET if answer.reset else Cause.CLOSED,
        detail="the server hung up on a hello like that of the session too: it may be turning its"
        " client away",
    )


def of_the_hello(offer: Offer, answer: AlertAnswer | ClosedAnswer) -> Missing | None:
    """Return why an alert that complains of the hello is no refusal of what it offers.

    One of SSL 2.0 is no hello at all to a server that does not speak it.
    """
    if TlsVersion.SSL2 in offer.versions or isinstance(answer, ClosedAnswer):
        return None
    if answer.name not in _OF_THE_HELLO:
        return None
    return Missing(
        phase=Phase.HANDSHAKE,
        cause=Cause.PREREQUISITE,
        detail=f"the server refused a hello offering {offer.label} with the alert {answer.name}",
    )


def _like_the_session(view: TargetView) -> Observation | None:
    session = view.tls
    if isinstance(session, Missing):
        return None
    offer = exactly(TlsVersion(session.version))
    return view.answers.get(hello_question(view.endpoint, offer))


def _hangs_up_on_all(view: TargetView) -> bool:
    """Return whether hellos to this address were closed, and none answered by a choice or an alert.

    An alert in answer to a hello of SSL 2.0 may come from anything that waits for TLS.
    """
    answers = [
        seen.evidence.answer
        for question, seen in view.answers.items()
        if isinstance(seen, Observed)
        and isinstance(seen.evidence, HelloEvidence)
        and not (
            isinstance(question, HelloQuestion)
            and TlsVersion.SSL2 in question.offer.versions
            and isinstance(seen.evidence.answer, AlertAnswer)
        )
    ]
    return bool(answers) and all(isinstance(each, ClosedAnswer) for each in answers)


def _speaks_below(view: TargetView) -> bool:
    """Return whether any other hello to this address was answered below TLS 1.3."""
    return any(
        isinstance(seen, Observed)
        and isinstance(seen.evidence, HelloEvidence)
        and isinstance(seen.evidence.answer, ServerAnswer)
        and seen.evidence.answer.version < TlsVersion.TLS1_3
        for seen in view.answers.values()
    )


def refused(view: TargetView, offer: Offer, answer: AlertAnswer | ClosedAnswer) -> Missing | None:
    """Return None where a refusal of `offer` counts as one, else why it does not."""
    complaint = of_the_hello(offer, answer)
    if complaint is not None:
        return complaint
    if max(offer.versions) >= TlsVersion.TLS1_3:
        session = view.tls
        return doubtful(view, answer) if isinstance(session, TlsFacts) else session
    known = below_tls13(view)
    return known if isinstance(known, Missing) else None


def level_of(view: TargetView, profiled: Level | None, *, demanded: bool) -> Level | None:
    """Return what a feature weighs: the endpoint's level where its keys say so, else the profile's."""
    if demanded:
        return view.endpoint.level
    return None if profiled is None else lighter(profiled, view.endpoint.level)


def feature(view: TargetView, key: str, *, expected: str, modern: str) -> ServerAnswer | Finding:
    """Return the answer that shows a feature of TLS 1.2 and below, or the finding where none does."""
    match below_tls13(view):
        case Missing() as missing:
            question = control_question(view.endpoint, view.profile)
            return inconclusive(missing, expected=expected, key=key, question=question)
        case Modern():
            return not_applicable(f"the server speaks TLS 1.3 alone, {modern}", key=key)
        case ServerAnswer() as answer:
            return answer
