"""The way of each test message as arrows and in words: which of them are proved, and which are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mailtls.delivery.chain import OURSELVES, Chain, Proof, Step, trace
from mailtls.delivery.hosts import inside
from mailtls.delivery.received import parse_received
from mailtls.flow import Arrived, DeliveryEvidence, HopClear, HopTls, HopUnknown, Submitted
from mailtls.policy.delivery import Delivery
from mailtls.policy.model import Endpoint, Policy
from mailtls.report.model import Arrow, Flow, Mark
from mailtls.sanitizer import clean

NAME_LIMIT = 80
"""Characters of a host's name in an arrow; a name in a record may have 255."""

ARROWS = 30
"""Arrows of one way: Exim and Sendmail stop a message at 30 and 100 records."""

LIMITS = (
    "Each arrow is one hop. Whoever runs a host can read the message there, and so can the provider of"
    " the mailbox; a record is the word of the host that wrote it, and a host that writes none is in no"
    " arrow. SPF, DKIM and DMARC are about who sent a message, not about how it was carried."
)

_HEADS = {
    Mark.TLS: "Proved",
    Mark.CLEAR: "In clear",
    Mark.UNKNOWN: "Not known",
    Mark.LOCAL: "No network hop",
}


def flows_of(policy: Policy, deliveries: Mapping[str, DeliveryEvidence]) -> tuple[Flow, ...]:
    """Return the way of every message that was accepted, as it may be shown."""
    found = (
        _flow(each, deliveries[each.name], policy.endpoints)
        for each in policy.deliveries
        if each.name in deliveries
    )
    return tuple(flow for flow in found if flow is not None)


def label(arrow: Arrow) -> str:
    """Return what is known of an arrow in a few words."""
    match arrow.mark:
        case Mark.TLS:
            return arrow.version or "TLS, version not recorded"
        case Mark.CLEAR:
            return "in clear"
        case Mark.UNKNOWN:
            return "TLS not recorded"
        case Mark.LOCAL:
            return "within one host"


def _flow(
    delivery: Delivery, evidence: DeliveryEvidence, endpoints: tuple[Endpoint, ...]
) -> Flow | None:
    submitted, arrived = evidence.submission, evidence.arrival
    if not isinstance(submitted, Submitted):
        return None
    name = clean(delivery.name)
    host = next(each.host for each in endpoints if each.name == delivery.send.endpoint)
    if not isinstance(arrived, Arrived):
        first = Arrow(
            sender=OURSELVES,
            receiver=clean(host, NAME_LIMIT),
            mark=Mark.TLS,
            version=clean(submitted.version),
            cipher=clean(submitted.cipher),
            proof=Proof.SEEN.value,
        )
        words = (*_listed("Proved", (first,)), "Not proved: what became of the message behind it.")
        return Flow(name=name, arrows=(first,), words=words, proved=False)
    hops = parse_received(arrived.header)
    chain = trace(submitted, arrived, hops, host=host, globs=inside(delivery, endpoints))
    arrows = tuple(_arrow(step) for step in chain.steps)
    return Flow(
        name=name,
        arrows=_shortened(arrows),
        words=tuple(_words(arrows, chain)),
        proved=not chain.gap and all(arrow.proved for arrow in arrows),
    )


def _shortened(arrows: tuple[Arrow, ...]) -> tuple[Arrow, ...]:
    """Return the arrows with those in the middle left out where there are too many to draw."""
    half = ARROWS // 2
    return arrows if len(arrows) <= ARROWS else (*arrows[:half], *arrows[-half:])


def _arrow(step: Step) -> Arrow:
    tls = step.security if isinstance(step.security, HopTls) else None
    return Arrow(
        sender=clean(step.sender, NAME_LIMIT),
        receiver=clean(step.receiver, NAME_LIMIT),
        mark=_mark(step),
        version=clean(tls.version) if tls else "",
        cipher=clean(tls.cipher, NAME_LIMIT) if tls else "",
        proof=step.proof.value,
    )


def _mark(step: Step) -> Mark:
    match step.security:
        case HopTls():
            return Mark.TLS
        case _ if step.local:
            return Mark.LOCAL
        case HopClear():
            return Mark.CLEAR
        case HopUnknown():
            return Mark.UNKNOWN


def _words(arrows: tuple[Arrow, ...], chain: Chain) -> Iterator[str]:
    kept = [arrow for arrow in arrows if arrow.proof != Proof.CLAIMED.value]
    for mark, head in _HEADS.items():
        yield from _listed(head, tuple(arrow for arrow in kept if arrow.mark is mark))
    claimed = tuple(arrow for arrow in arrows if arrow not in kept)
    yield from _listed("Claimed, and not trusted", claimed)
    if chain.gap:
        yield f"Not proved as a whole: {clean(chain.gap)}."
    if chain.below:
        noun = "record stands" if chain.below == 1 else "records stand"
        yield (
            f"{chain.below} more {noun} below that of the host that took the message, and none was sent:"
            " it comes from a filter or proxy in front of that host, or was made up."
        )


def _listed(head: str, arrows: tuple[Arrow, ...]) -> Iterator[str]:
    if arrows:
        yield f"{head}: {'; '.join(map(_said, _shortened(arrows)))}."


def _said(arrow: Arrow) -> str:
    known = " ".join(part for part in (label(arrow), arrow.cipher) if part)
    whose = {"seen": "seen", "recorded": f"recorded by {arrow.receiver}"}.get(arrow.proof, "")
    told = ", ".join(part for part in (known, whose) if part)
    if arrow.sender == arrow.receiver:
        return f"{arrow.receiver} to itself ({told})"
    return f"{arrow.sender} to {arrow.receiver} ({told})"
