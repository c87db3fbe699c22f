"""What is asked once more where a server hung up on every hello, and why.

Some servers refuse a hello by closing the connection, Dovecot for one; so does a server, or what
stands before it, that turns clients away who come often. One more hello, of the version that the
session has just agreed on, tells which it is. It counts as a retry does: no plan knows of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mailtls.evidence import (
    ClosedAnswer,
    HelloEvidence,
    Observation,
    Observed,
    SessionEvidence,
    TlsFacts,
)
from mailtls.probe.questions import HelloQuestion, KindQuestion, Question
from mailtls.terms import TlsVersion
from mailtls.tls import offers


def doubt(answers: Mapping[Question, Observation]) -> HelloQuestion | None:
    """Return the hello that has to be answered for silent refusals to count, None without doubt."""
    version: TlsVersion | None = None
    closed: HelloQuestion | None = None
    for question, seen in answers.items():
        match seen:
            case Observed(evidence=SessionEvidence(tls=TlsFacts(version=agreed))):
                version = TlsVersion(agreed)
            case Observed(evidence=HelloEvidence(answer=ClosedAnswer())):
                assert isinstance(question, HelloQuestion | KindQuestion)
                closed = question if isinstance(question, HelloQuestion) else question.hello
            case Observed(evidence=HelloEvidence()):
                return None
    if version is None or closed is None:
        return None
    return replace(closed, offer=offers.exactly(version))
