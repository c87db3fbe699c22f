"""What a rule is: an id, the questions it needs, and a pure function from evidence to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from mailtls.evidence import (
    Evidence,
    HelloEvidence,
    Missing,
    NotObserved,
    Observation,
    Observed,
    SessionEvidence,
    TlsFacts,
)
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import HelloQuestion, Offer, Question, SessionQuestion, Target
from mailtls.pure import pure
from mailtls.rules.causes import behind, why_no_tls
from mailtls.terms import Cause, Expect, Level, Outcome, Phase

if TYPE_CHECKING:
    from mailtls.rules.across import Placed, RunView


@pure
class Finding:
    """What a rule says of one target; the judge adds rule, endpoint, address and position.

    `key` is the dotted policy key the finding is about ("tls.min_version"), "" for the endpoint as a
    whole. `level` None takes the endpoint's level. `missing` is set exactly where inconclusive.
    """

    outcome: Outcome
    message: str
    expected: str = ""
    observed: str = ""
    remedy: str = ""
    key: str = ""
    level: Level | None = None
    missing: Missing | None = None
    question: Question | None = None


def passed(message: str, *, expected: str = "", observed: str = "", key: str = "") -> Finding:
    """Return a finding that the expectation holds."""
    return Finding(
        outcome=Outcome.PASS, message=message, expected=expected, observed=observed, key=key
    )


def failed(
    message: str,
    *,
    expected: str,
    observed: str,
    remedy: str,
    key: str = "",
    level: Level | None = None,
    question: Question | None = None,
) -> Finding:
    """Return a finding that the expectation does not hold; a failure always says how to mend it.

    `question` names the exchange whose transcript is the proof; None is the full session.
    """
    return Finding(
        outcome=Outcome.FAIL,
        message=message,
        expected=expected,
        observed=observed,
        remedy=remedy,
        key=key,
        level=level,
        question=question,
    )


def inconclusive(
    missing: Missing, *, expected: str = "", key: str = "", question: Question | None = None
) -> Finding:
    """Return a finding that the expectation could not be judged."""
    return Finding(
        outcome=Outcome.INCONCLUSIVE,
        message=f"could not be determined: {missing.detail}",
        expected=expected,
        observed=missing.detail,
        key=key,
        missing=missing,
        question=question,
    )


def not_applicable(reason: str, *, key: str = "") -> Finding:
    """Return a finding that the rule has no meaning for this endpoint."""
    return Finding(outcome=Outcome.NOT_APPLICABLE, message=reason, key=key)


@pure
class TargetView:
    """All a rule may know of one target: the endpoint's expectations, the clock, the answers.

    `target` is None where the host could not be resolved; every answer is then the same `Missing`.
    `in_bare_container` is whether a job's container asked in which no server of the run answered,
    `resolved` the name that was looked up: the host's own, "", or where `--connect-to` leads.
    """

    endpoint: Endpoint
    profile: Profile
    target: Target | None
    answers: Mapping[Question, Observation]
    unresolved: Missing | None
    now: datetime
    in_bare_container: bool = False
    resolved: str = ""

    @property
    def place(self) -> Target:
        """Return the target, one without an address where the host could not be resolved."""
        return self.target or Target(host=self.endpoint.host, port=self.endpoint.port, address="")

    def ask(self, question: Question) -> Evidence | Missing:
        """Return the evidence that answers `question`, or why there is none."""
        if self.unresolved is not None:
            return self.unresolved
        observation = self.answers.get(question)
        match observation:
            case Observed(evidence=evidence):
                return evidence
            case NotObserved(missing=missing):
                return missing
            case None:
                return Missing(
                    phase=Phase.CONNECT,
                    cause=Cause.PREREQUISITE,
                    detail="the evidence does not hold an answer to this question",
                )

    @property
    def session(self) -> SessionEvidence | Missing:
        """Return the full session of this target, or why there is none, in the words of its own step."""
        evidence = self.ask(session_question(self.endpoint))
        assert isinstance(evidence, SessionEvidence | Missing)
        return evidence

    @property
    def tls(self) -> TlsFacts | Missing:
        """Return the completed handshake of the full session, or why there is none."""
        session = self.session
        if isinstance(session, Missing):
            return behind(session)
        if isinstance(session.tls, TlsFacts):
            return session.tls
        return why_no_tls(session)

    @property
    def served(self) -> TlsFacts | Missing:
        """Return the handshake with at least a leaf in its chain, or why there is none."""
        tls = self.tls
        if isinstance(tls, TlsFacts) and not tls.chain:
            return Missing(
                phase=Phase.HANDSHAKE,
                cause=Cause.MALFORMED,
                detail="the server completed the handshake without a certificate",
            )
        return tls

    def hello(self, offer: Offer) -> HelloEvidence | Missing:
        """Return the answer to a raw hello, or why there is none."""
        evidence = self.ask(hello_question(self.endpoint, offer))
        assert isinstance(evidence, HelloEvidence | Missing)
        return evidence if isinstance(evidence, HelloEvidence) else behind(evidence)


def session_question(endpoint: Endpoint) -> SessionQuestion:
    """Return the one full session of an endpoint; every passive fact is taken from it."""
    return SessionQuestion(
        protocol=endpoint.protocol,
        mode=endpoint.mode,
        server_name=server_name(endpoint),
        anchors=endpoint.certificate.trust,
    )


def hello_question(endpoint: Endpoint, offer: Offer) -> HelloQuestion:
    """Return the question whether an endpoint answers one raw hello."""
    return HelloQuestion(
        protocol=endpoint.protocol,
        mode=endpoint.mode,
        server_name=server_name(endpoint),
        offer=offer,
    )


def server_name(endpoint: Endpoint) -> str:
    """Return the SNI: the identity, or "" for a literal, which it cannot carry (RFC 6066 section 3)."""
    return "" if is_literal(endpoint.identity) else endpoint.identity


@lru_cache(maxsize=1024)
def is_literal(name: str) -> bool:
    """Return whether a host is an IP literal."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def lighter(one: Level, other: Level) -> Level:
    """Return the lighter of two levels: a profile's grade never weighs more than its endpoint."""
    return other if one.at_least(other) else one


Needs = Callable[[Endpoint, Profile], Iterable[Question]]
Check = Callable[[TargetView], Iterable[Finding]]


def nothing(_view: TargetView) -> Iterable[Finding]:
    """Return the findings of a rule that judges no target by itself."""
    return ()


@pure
class Rule:
    """One aspect of the transport. `id` equals the module's name and the doc page's.

    `title` is a few words that fit an annotation's title; `summary` one sentence on what is checked.
    `expect` is the kind of endpoint it is about: a port that has to be closed has no session to judge.
    `across` judges all targets of the run at once, where one alone decides nothing.
    """

    id: str
    title: str
    summary: str
    needs: Needs
    check: Check = nothing
    expect: Expect = Expect.REACHABLE
    across: Callable[[RunView], Iterable[Placed]] | None = None


def needs_session(endpoint: Endpoint, _profile: Profile) -> Iterable[Question]:
    """Return the need of every rule that the full session decides."""
    return (session_question(endpoint),)
