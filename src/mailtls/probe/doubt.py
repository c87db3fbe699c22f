"""What is asked once more before refusals count, and why.

Some servers refuse a hello by closing the connection, Dovecot for one; so does a server, or what
stands before it, that turns clients away who come often. And a filter may answer every hello that it
does not know with an alert. One more hello, of the version that the session has just agreed on, tells
which it is. It counts as a retry does: no plan knows of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mailtls.evidence import (
    AlertAnswer,
    ClosedAnswer,
    HelloEvidence,
    Observation,
    Observed,
    ServerAnswer,
    SessionEvidence,
    TlsFacts,
)
from mailtls.probe.questions import HelloQuestion, KindQuestion, Question
from mailtls.terms import Mode, TlsVersion
from mailtls.tls import offers
from mailtls.tls.alerts import VERSION_ALERT


def doubt(answers: Mapping[Question, Observation]) -> HelloQuestion | None:
    """Return the hello that has to be answered for refusals to count, None without doubt.

    Behind STARTTLS a server that hangs up has let its client in, so that one answer in TLS is enough.
    With implicit TLS what accepts a connection and closes it may be a limit that has been reached.
    """
    version: TlsVersion | None = None
    closed: HelloQuestion | None = None
    vague: HelloQuestion | None = None
    spoken = chosen = False
    for question, seen in answers.items():
        match seen:
            case Observed(evidence=SessionEvidence(tls=TlsFacts(version=agreed))):
                version = TlsVersion(agreed)
            case Observed(evidence=HelloEvidence(answer=answer)):
                assert isinstance(question, HelloQuestion | KindQuestion)
                hello = question if isinstance(question, HelloQuestion) else question.hello
                oldest = TlsVersion.SSL2 in hello.offer.versions
                match answer:
                    case ClosedAnswer():
                        closed = hello
                    case AlertAnswer(name=name):
                        spoken = spoken or not oldest
                        vague = vague if oldest or name == VERSION_ALERT else hello
                    case ServerAnswer():
                        spoken = chosen = True
    hung_up = closed if not spoken or (closed and closed.mode is Mode.IMPLICIT) else None
    asked = hung_up or (None if chosen else vague)
    if version is None or asked is None:
        return None
    return replace(asked, offer=offers.exactly(version))
