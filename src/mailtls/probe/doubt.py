"""What is asked once more before refusals count, and why.

Some servers refuse a hello by closing the connection, Dovecot for one; so does a server, or what
stands before it, that turns clients away who come often. And a filter may answer every hello that it
does not know with an alert. One more hello, of the version that the session has just agreed on, tells
which it is. Who turns clients away when several are there at once has not read the hello, and resets
the connection, or closes where it refuses by alerts: that hello is asked again, alone. All this counts
as a retry does: no plan knows of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

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
from mailtls.probe.questions import HelloQuestion, KindQuestion, Question, Share
from mailtls.probe.shown import may_be_shown
from mailtls.terms import Mode, TlsVersion
from mailtls.tls import offers
from mailtls.tls.alerts import VERSION_ALERT


def doubt(
    answers: Mapping[Question, Observation], told: Collection[Question] = ()
) -> HelloQuestion | KindQuestion | None:
    """Return the next hello that has to be answered for refusals to count, None without doubt.

    One that has an answer already is asked again, and what comes of it counts; not where nothing was
    answered in TLS, for then one that is answered has to come first.

    `told` are those that were asked for this already, behind all others.
    Behind STARTTLS a server that hangs up has let its client in, so that one answer in TLS is enough,
    unless others got an alert: servers refuse in one way. Nor is it enough where to be refused is to
    fail, which costs a sound server nothing. With implicit TLS what accepts a connection and closes it
    may be a limit that has been reached; all the more where it had not read the hello. And a control that is refused beside a session of TLS 1.3 may have been too long.
    """
    seen = _Seen()
    for question, observation in answers.items():
        seen.take(question, observation)
    if seen.version is None:
        return None
    again = seen.unread + (seen.cut if seen.alerted else seen.needed)
    for each in again if seen.spoken else ():
        if each not in told:
            return each
    newest = offers.exactly(seen.version)
    hung_up = seen.closed
    let_in = hung_up is not None and hung_up.mode is not Mode.IMPLICIT
    if let_in and seen.spoken and not seen.needed:
        hung_up = None
    wanted = [(seen.control, offers.exactly(TlsVersion.TLS1_2))] if _may_be_long(seen) else []
    wanted += [(hung_up, newest), (None if seen.chosen else seen.vague, newest)]
    for of, offer in wanted:
        if of is not None and (asked := replace(of, offer=offer)) not in told:
            return asked
    return None


def is_answered(observation: Observation) -> bool:
    """Return whether a hello was answered in TLS, be it by an alert."""
    match observation:
        case Observed(evidence=HelloEvidence(answer=ServerAnswer() | AlertAnswer())):
            return True
        case _:
            return False


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What the answers say: the session's version, the last hellos refused in each way, and any choice."""

    version: TlsVersion | None = None
    unread: list[HelloQuestion | KindQuestion] = field(default_factory=list)
    cut: list[HelloQuestion | KindQuestion] = field(default_factory=list)
    needed: list[HelloQuestion | KindQuestion] = field(default_factory=list)
    alerted: bool = False
    closed: HelloQuestion | None = None
    vague: HelloQuestion | None = None
    control: HelloQuestion | None = None
    spoken: bool = False
    chosen: int = 0

    def take(self, question: Question, observation: Observation) -> None:
        """Note one answer; what comes of its order is nothing."""
        match observation:
            case Observed(evidence=SessionEvidence(tls=TlsFacts(version=agreed))):
                self.version = TlsVersion(agreed)
            case Observed(evidence=HelloEvidence(answer=answer)):
                assert isinstance(question, HelloQuestion | KindQuestion)
                self._answer(question, answer)

    def _answer(self, question: HelloQuestion | KindQuestion, answer: object) -> None:
        hello = question if isinstance(question, HelloQuestion) else question.hello
        oldest = TlsVersion.SSL2 in hello.offer.versions
        match answer:
            case ServerAnswer(version=version):
                self.spoken = True
                self.chosen = min(self.chosen or version, version)
                return
            case ClosedAnswer(reset=reset):
                self.closed = hello
                # Behind STARTTLS the server has let its client in before, and has read what it said.
                unread = reset and hello.mode is Mode.IMPLICIT
                if unread or not oldest:
                    (self.unread if unread else self.cut).append(question)
                # What a session may show is what the policy requires: a kind of certificate, or a group.
                if may_be_shown(question):
                    self.needed.append(question)
            case AlertAnswer(name=name):
                self.spoken = self.spoken or not oldest
                self.alerted = self.alerted or not oldest
                if oldest or name == VERSION_ALERT:
                    return
                self.vague = hello
        if hello.offer.share is Share.CONTROL:
            self.control = hello


def _may_be_long(seen: _Seen) -> bool:
    below = 0 < seen.chosen < TlsVersion.TLS1_3
    return seen.version == TlsVersion.TLS1_3 and not below
