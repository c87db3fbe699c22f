"""What a common client has to offer so that a person sees an exchange of ours again.

A raw hello is ours alone; OpenSSL's client comes near to it with the version, suite and group that
the server chose. What it cannot do (SSL 2.0 and 3.0, commands at the edge of the upgrade) has none.
"""

from __future__ import annotations

from mailtls.evidence import (
    HelloEvidence,
    Observation,
    Observed,
    ServerAnswer,
    SessionEvidence,
    Spoken,
    WrongMode,
)
from mailtls.probe.questions import HelloQuestion, Question, SessionQuestion
from mailtls.terms import TlsVersion
from mailtls.tls.codepoints import CURVES_TLS12, GROUPS_TLS13, group_name, suites
from mailtls.verdict import Client


def client(question: Question, seen: Observation | None) -> Client | None:
    """Return the client that asks `question` again; `seen` is the answer, None where there is none."""
    if isinstance(question, SessionQuestion):
        return Client(at_once=_speaks_at_once(seen))
    if not isinstance(question, HelloQuestion):
        return None
    offer = question.offer
    chosen = _chosen(seen)
    version = max(offer.versions) if chosen is None else chosen.version
    if not TlsVersion.TLS1_0 <= version <= TlsVersion.TLS1_3:
        return None
    suite = suites().get(chosen.suite) if chosen is not None else None
    every = GROUPS_TLS13 if version == TlsVersion.TLS1_3 else CURVES_TLS12
    among = len(offer.groups) == len(every)
    if chosen is not None:
        group = chosen.group
    else:
        # A hello of every group was not refused for its first one.
        group = offer.groups[0] if offer.groups and not among else 0
    return Client(
        version=version,
        cipher=suite.openssl_name if suite is not None else "",
        group=group_name(group) if group else "",
        among=bool(group) and among,
    )


def _speaks_at_once(seen: Observation | None) -> bool:
    """Return whether a port with STARTTLS waits for TLS: a client that waits too would see nothing."""
    return (
        isinstance(seen, Observed)
        and isinstance(seen.evidence, SessionEvidence)
        and isinstance(seen.evidence.greeting, WrongMode)
        and seen.evidence.greeting.spoken is Spoken.IMPLICIT_TLS
    )


def _chosen(seen: Observation | None) -> ServerAnswer | None:
    if isinstance(seen, Observed) and isinstance(seen.evidence, HelloEvidence):
        answer = seen.evidence.answer
        return answer if isinstance(answer, ServerAnswer) else None
    return None
