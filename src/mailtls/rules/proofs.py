"""What the answers of one target prove of its versions, suites and groups, beyond what a policy asks.

An answer proves what it chose. A refusal proves something only beside a control, as in the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailtls.evidence import (
    AlertAnswer,
    ClosedAnswer,
    HelloEvidence,
    Observed,
    ServerAnswer,
    TlsFacts,
)
from mailtls.probe.questions import HelloQuestion, Offer, Share
from mailtls.rules.base import TargetView, hello_question
from mailtls.rules.control import Modern, below_tls13, refused
from mailtls.rules.grades import control
from mailtls.rules.required_groups import signed_by_ecdsa
from mailtls.terms import TlsVersion
from mailtls.tls import offers
from mailtls.tls.codepoints import (
    group_by_name,
    group_name,
    suite_by_name,
    suite_name,
    version_name,
)
from mailtls.verdict import Part, Proof, Standpoint


def proofs(view: TargetView) -> tuple[Proof, ...]:
    """Return what is proved, negotiated first; the same part may be proved more than once."""
    found = list(_negotiated(view))
    for question, seen in view.answers.items():
        if (
            isinstance(question, HelloQuestion)
            and question == hello_question(view.endpoint, question.offer)
            and isinstance(seen, Observed)
            and isinstance(seen.evidence, HelloEvidence)
        ):
            found += _answered(view, question.offer, seen.evidence)
    order = list(Standpoint)
    return tuple(sorted(dict.fromkeys(found), key=lambda proof: order.index(proof.standpoint)))


def _negotiated(view: TargetView) -> Iterator[Proof]:
    session = view.tls
    if not isinstance(session, TlsFacts):
        return
    by = "the full session, with every version offered"
    suite, group = suite_by_name(session.cipher), group_by_name(session.group)
    named = {
        Part.VERSION: version_name(session.version),
        Part.SUITE: session.cipher if suite is None else suite_name(suite),
        Part.GROUP: session.group if group is None else group_name(group),
    }
    for part, name in named.items():
        if name:
            yield Proof(part=part, standpoint=Standpoint.NEGOTIATED, names=(name,), by=by)
    yield from _versions((v for v in TlsVersion if v > session.version), by)


def _answered(view: TargetView, offer: Offer, evidence: HelloEvidence) -> Iterator[Proof]:
    by = f"a hello offering {offer.label}"
    match evidence.answer:
        case ServerAnswer() as answer:
            yield from _chosen(answer, by)
            # What is shared may be the answer to a hello of fewer suites (`probe.folding`).
            if offer.share is Share.NOTHING and _complete(offer):
                yield from _versions((v for v in offer.versions if v > answer.version), by)
        case AlertAnswer(name="ssl2_no_cipher"):
            yield _accepted(Part.VERSION, version_name(TlsVersion.SSL2), by)
        case AlertAnswer() | ClosedAnswer() as answer if _counts(view, offer, answer):
            said = f"the alert {answer.name}" if isinstance(answer, AlertAnswer) else "a hang-up"
            yield from _refused(view, offer, f"{by}, answered by {said}")


def _chosen(answer: ServerAnswer, by: str) -> Iterator[Proof]:
    yield _accepted(Part.VERSION, version_name(answer.version), by)
    yield _accepted(Part.SUITE, suite_name(answer.suite), by)
    if answer.group:
        yield _accepted(Part.GROUP, group_name(answer.group), by)


def _accepted(part: Part, name: str, by: str) -> Proof:
    return Proof(part=part, standpoint=Standpoint.ACCEPTED, names=(name,), by=by)


def _refused(view: TargetView, offer: Offer, by: str) -> Iterator[Proof]:
    """Yield what a refusal speaks of: what the hello held back nothing of cannot be the reason."""
    if offer.alpn:
        return
    if _complete(offer):
        yield from _versions(offer.versions, by)
    elif not _every_group(offer):
        if _modern(view, offer) or signed_by_ecdsa(view) is None:
            names = tuple(map(group_name, offer.groups))
            yield Proof(part=Part.GROUP, standpoint=Standpoint.REFUSED, names=names, by=by)
    else:
        names = tuple(map(suite_name, offer.suites))
        yield Proof(part=Part.SUITE, standpoint=Standpoint.REFUSED, names=names, by=by)


def _modern(view: TargetView, offer: Offer) -> bool:
    """Return whether groups were asked for in TLS 1.3, where the certificate's own does not matter."""
    session = view.tls
    versions = (max(offer.versions), session.version if isinstance(session, TlsFacts) else 0)
    return min(versions) >= TlsVersion.TLS1_3


def _versions(codes: Iterable[int], by: str) -> Iterator[Proof]:
    names = tuple(version_name(code) for code in codes)
    if names:
        yield Proof(part=Part.VERSION, standpoint=Standpoint.REFUSED, names=names, by=by)


def _counts(view: TargetView, offer: Offer, answer: AlertAnswer | ClosedAnswer) -> bool:
    """Return whether a refusal of `offer` is one, by the standards of the rules that ask it."""
    if offer == control(view.endpoint, view.profile):
        return isinstance(below_tls13(view), Modern)
    if _complete(offer):
        return isinstance(view.tls, TlsFacts)
    return refused(view, offer, answer) is None


def _complete(offer: Offer) -> bool:
    """Return whether a hello holds back no suite and no group that its highest version can have."""
    return _every_group(offer) and set(_whole(offer).suites) <= set(offer.suites)


def _every_group(offer: Offer) -> bool:
    return not offer.groups or set(_whole(offer).groups) <= set(offer.groups)


def _whole(offer: Offer) -> Offer:
    highest = TlsVersion(max(offer.versions))
    return offers.ssl2() if highest is TlsVersion.SSL2 else offers.exactly(highest)
