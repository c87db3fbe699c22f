"""Which questions share a connection, and which hellos are decided by the answer to another.

A question that needs a few words more on a connection that is made anyway costs none of its own. What
is said beside a raw hello may cost that hello, which is asked again without it; what is said on the
session comes behind all that certificates are judged by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from mailtls.evidence import AlertAnswer, HelloEvidence, Observation, Observed, ServerAnswer
from mailtls.probe.questions import (
    FallbackQuestion,
    HelloQuestion,
    Offer,
    Question,
    SessionQuestion,
    Share,
    UpgradeQuestion,
)
from mailtls.pure import pure
from mailtls.terms import Mode, Protocol, TlsVersion

SLICE = 64
"""Suites in one hello that every server known to limit their number still reads."""


@pure
class Call:
    """One connection: what it is for, and the questions that are asked on it by the way.

    An `UpgradeQuestion` has two halves: MAIL in clear goes with a hello of SSL 2.0, the rest with the
    session. As `question` itself it is the half in clear.
    """

    question: Question
    carries: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Family:
    """A control and the hellos that its answer is the control of, each of some of its suites.

    Two hellos are enough for two parts: one offers them all. Where it is refused, so are they, and the
    control follows; where it is answered, the suite that was chosen decides its part, the answer is a
    control itself, and the other parts follow.
    """

    control: HelloQuestion
    parts: tuple[HelloQuestion, ...]

    @cached_property
    def first(self) -> HelloQuestion:
        """Return the hello of all parts; its features and groups are the control's."""
        if len(self.parts) == 1:
            return self.parts[0]
        suites = tuple(code for part in self.parts for code in part.offer.suites)
        label = " or ".join(part.offer.label for part in self.parts)
        return _with(self.control, replace(self.control.offer, label=label, suites=suites))

    @cached_property
    def short(self) -> HelloQuestion:
        """Return the control of a slice: as long as that, with all that is allowed, or 64 of it, last."""
        offer = self.control.offer
        unwanted = {code for part in self.parts for code in part.offer.suites}
        allowed = [code for code in offer.suites if code not in unwanted][:SLICE]
        others = [code for code in offer.suites if code in unwanted][: SLICE - len(allowed)]
        label = f"{SLICE} suites, compression and status request"
        return _with(self.control, replace(offer, label=label, suites=(*others, *allowed)))

    @property
    def connections(self) -> int:
        """Return how many hellos it takes, where the server reads long ones."""
        return max(2, len(self.parts))

    @property
    def most(self) -> int:
        """Return how many it takes at most: the control or all parts, its short form, every slice."""
        return self.connections + 2 + sum(len(slices(part)) for part in self.parts)

    def rest(self, answer: object) -> tuple[HelloQuestion, ...]:
        """Return what is left to ask behind the answer to `first`, None for none."""
        if len(self.parts) == 1:
            return (self.control,)
        match answer:
            case ServerAnswer(suite=suite):
                return tuple(part for part in self.parts if suite not in part.offer.suites)
            case AlertAnswer(name="protocol_version"):
                # Nothing below TLS 1.3, it seems: a short hello shows whether it was the length.
                return (self.short,)
            case _:
                return (self.control,)


def slices(part: HelloQuestion) -> tuple[HelloQuestion, ...]:
    """Return hellos of at most 64 of a part's suites each, for servers that refuse long hellos."""
    suites, label = part.offer.suites, part.offer.label
    return tuple(
        _with(
            part,
            replace(
                part.offer,
                label=f"{label}, {at + 1} to {min(at + SLICE, len(suites))}",
                suites=suites[at : at + SLICE],
            ),
        )
        for at in range(0, len(suites), SLICE)
    )


def answer_of(seen: Observation) -> object:
    """Return the server's answer to a hello, None where there was none."""
    if isinstance(seen, Observed) and isinstance(seen.evidence, HelloEvidence):
        return seen.evidence.answer
    return None


def fold(questions: Iterable[Question]) -> tuple[Call | Family, ...]:
    """Return the fewest connections for the questions to one target, the lead's first.

    Behind it come those that take longest: hellos that wait for one another, then what carries much. Yet
    before them, and so before the control, come those of old versions: what cuts off all that comes
    later cuts off the control as well.
    """
    asked = tuple(dict.fromkeys(questions))
    families = tuple(_families(asked))
    together = {hello for family in families for hello in (family.control, *family.parts)}
    carried: dict[Question, list[Question]] = {q: [] for q in asked if q not in together}
    for question in asked:
        carriers = _carriers(question, carried)
        for carrier in carriers:
            carried[carrier].append(question)
        if any(isinstance(each, HelloQuestion) for each in carriers) or (
            isinstance(question, UpgradeQuestion) and not question.clear
        ):
            del carried[question]
    lead, *others = (Call(question=q, carries=tuple(more)) for q, more in carried.items())
    others.sort(key=lambda call: not call.carries)
    old = [call for call in others if _is_old(call.question)]
    return (lead, *old, *families, *(call for call in others if call not in old))


def _is_old(question: Question) -> bool:
    return (
        isinstance(question, HelloQuestion)
        and TlsVersion.SSL2 < max(question.offer.versions) < TlsVersion.TLS1_2
    )


def _carriers(question: Question, carried: Iterable[Question]) -> tuple[Question, ...]:
    """Return the questions on whose connections another is asked by the way."""
    match question:
        case UpgradeQuestion(protocol=protocol, server_name=name, clear=clear):
            sessions = (
                each
                for each in carried
                if isinstance(each, SessionQuestion)
                and (each.protocol, each.mode, each.server_name) == (protocol, Mode.STARTTLS, name)
            )
            hello = _hello(carried, protocol, TlsVersion.SSL2, TlsVersion.SSL2) if clear else None
            return tuple(each for each in (next(sessions, None), hello) if each is not None)
        case FallbackQuestion(protocol=protocol):
            hello = _hello(carried, protocol, TlsVersion.SSL3, TlsVersion.TLS1_2)
            return () if hello is None else (hello,)
        case _:
            return ()


def _hello(
    carried: Iterable[Question], protocol: Protocol, least: TlsVersion, most: TlsVersion
) -> HelloQuestion | None:
    """Return the hello behind STARTTLS whose highest version is the lowest in a range."""
    found = (
        each
        for each in carried
        if isinstance(each, HelloQuestion)
        and (each.protocol, each.mode) == (protocol, Mode.STARTTLS)
        and least <= max(each.offer.versions) <= most
    )
    return min(found, key=lambda each: max(each.offer.versions), default=None)


def connections(folded: Iterable[Call | Family]) -> int:
    """Return the connections of one address, where every server reads long hellos; retries aside."""
    return sum(each.connections if isinstance(each, Family) else 1 for each in folded)


def most_connections(folded: Iterable[Call | Family]) -> int:
    """Return the most connections one address gets, retries aside."""
    return sum(each.most if isinstance(each, Family) else 1 for each in folded)


def _families(asked: tuple[Question, ...]) -> Iterator[Family]:
    hellos = [each for each in asked if isinstance(each, HelloQuestion)]
    taken: set[HelloQuestion] = set()
    for control in hellos:
        if control.offer.share is not Share.CONTROL:
            continue
        parts: list[HelloQuestion] = []
        suites: set[int] = set()
        for each in hellos:
            is_part = each.offer.share is Share.PART and _with(control, each.offer) == each
            if is_part and each not in taken and not suites.intersection(each.offer.suites):
                parts.append(each)
                suites.update(each.offer.suites)
        if parts:
            taken.update(parts)
            yield Family(control=control, parts=tuple(parts))


def _with(question: HelloQuestion, offer: Offer) -> HelloQuestion:
    return replace(question, offer=offer)
