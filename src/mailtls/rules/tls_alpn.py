"""Whether the server chooses one of the application protocols the policy names (RFC 7301)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mailtls.evidence import AlertAnswer, ClosedAnswer, Missing, ServerAnswer
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import Offer, Question
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    hello_question,
    inconclusive,
    passed,
    session_question,
)
from mailtls.terms import Cause, Phase, TlsVersion
from mailtls.tls import offers

_KEY = "tls.alpn"
_NO_PROTOCOL = "no_application_protocol"


def _hellos(endpoint: Endpoint) -> tuple[Offer, ...]:
    """Return one hello for each name: some servers refuse a list that has one they do not know.

    In TLS 1.3 the choice is encrypted, so TLS 1.2 is offered.
    """
    base = offers.exactly(TlsVersion.TLS1_2)
    return tuple(
        replace(base, label=f"the application protocol {name}", alpn=(name,))
        for name in endpoint.tls.alpn
    )


def needs(endpoint: Endpoint, _profile: Profile) -> Iterable[Question]:
    """Return the need of the session and one hello for each name."""
    yield session_question(endpoint)
    for offer in _hellos(endpoint):
        yield hello_question(endpoint, offer)


def check(view: TargetView) -> Iterable[Finding]:
    """Pass where any name is chosen; a server that answers without a choice, or refuses it, fails."""
    names = view.endpoint.tls.alpn
    if not names:
        return
    expected = "one of " + ", ".join(names)
    said: list[str] = []
    gaps: list[tuple[Missing, Question]] = []
    last: Question | None = None
    for offer in _hellos(view.endpoint):
        question = hello_question(view.endpoint, offer)
        evidence = view.hello(offer)
        match evidence if isinstance(evidence, Missing) else evidence.answer:
            case ServerAnswer(alpn=alpn) if alpn in names:
                yield passed(f"{alpn} is chosen", expected=expected, observed=alpn, key=_KEY)
                return
            case ServerAnswer(alpn=alpn):
                said.append(f"{offer.alpn[0]}: {alpn or 'no choice'}")
                last = question
            case AlertAnswer(name=name) if name == _NO_PROTOCOL:
                said.append(f"{offer.alpn[0]}: the alert {name}")
                last = question
            case Missing() as missing:
                gaps.append((missing, question))
            case answer:
                gaps.append((_unread(answer), question))
    for missing, unread in gaps[:1]:
        yield inconclusive(missing, expected=expected, key=_KEY, question=unread)
        return
    yield failed(
        "the server chooses none of the application protocols",
        expected=expected,
        observed="; ".join(said),
        remedy="have the server support ALPN for these names (RFC 7301; RFC 9325 section 3.8); many"
        " mail servers do not",
        key=_KEY,
        question=last,
    )


def _unread(answer: AlertAnswer | ClosedAnswer) -> Missing:
    if isinstance(answer, AlertAnswer):
        cause, how = Cause.PREREQUISITE, f"with the alert {answer.name}"
    else:
        cause, how = (Cause.RESET if answer.reset else Cause.CLOSED), "without an alert"
    return Missing(
        phase=Phase.HANDSHAKE,
        cause=cause,
        detail=f"the server refused the hello of TLS 1.2 {how}; in TLS 1.3 its choice is encrypted",
    )


RULE = Rule(
    id="tls-alpn",
    title="Application protocol",
    summary="The server chooses one of the application protocols the policy names.",
    needs=needs,
    check=check,
)
