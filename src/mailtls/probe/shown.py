"""Which hellos the session spares: a passive fact is taken from it."""

from __future__ import annotations

from mailtls.evidence import Observation, Observed, SessionEvidence, TlsFacts
from mailtls.probe.questions import HelloQuestion, KindQuestion, Question
from mailtls.tls.codepoints import group_by_name


def may_be_shown(question: Question) -> bool:
    """Return whether a session can have the answer to a question by chance."""
    match question:
        case KindQuestion():
            return True
        case HelloQuestion(offer=offer):
            return offer.spared_by is not None
        case _:
            return False


def shows(lead: Observation, question: Question) -> bool:
    """Return whether a session has the answer: a leaf with a key of the kind, or the group."""
    match lead, question:
        case Observed(evidence=SessionEvidence(tls=TlsFacts() as seen)), KindQuestion(kind=kind):
            return any(leaf.key.kind == kind for leaf in seen.chain[:1])
        case Observed(evidence=SessionEvidence(tls=TlsFacts() as seen)), HelloQuestion(offer=offer):
            return offer.spared_by is not None and group_by_name(seen.group) == offer.spared_by
        case _:
            return False
