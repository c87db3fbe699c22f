"""What the rules about a received message share: which deliveries have one, and where it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from mailtls.delivery.chain import Chain, trace
from mailtls.delivery.received import parse_received
from mailtls.evidence import Line, Missing, Skipped
from mailtls.flow import (
    Arrived,
    DeliveryEvidence,
    NotArrived,
    Refused,
    Submitted,
    Withheld,
    WithheldKind,
)
from mailtls.policy.delivery import Delivery, FlowExpectation
from mailtls.policy.model import Endpoint
from mailtls.rules.across import Placed, RunView
from mailtls.rules.base import Finding, inconclusive, not_applicable
from mailtls.sanitizer import clean
from mailtls.terms import Cause, Phase

RECORD_LIMIT = 1000
"""Characters of a Received field in a transcript; real ones have up to 700."""

_NO_FAULT = frozenset({WithheldKind.NOT_ASKED, WithheldKind.NO_CREDENTIAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One delivery whose message was found, and the way it took."""

    delivery: Delivery
    submitted: Submitted
    arrived: Arrived
    chain: Chain

    @property
    def expect(self) -> FlowExpectation:
        """Return what the policy asks of the message as received."""
        return self.delivery.expect


def across_delivered(
    run: RunView,
    asked: Callable[[FlowExpectation], bool],
    judge: Callable[[Delivered], Iterable[Finding]],
) -> Iterator[Placed]:
    """Yield the findings of each delivery, told at the endpoint it was read from.

    A finding's key is below the delivery, as "expect.hops".
    """
    endpoints = {endpoint.name: endpoint for endpoint in run.policy.endpoints}
    for delivery in run.policy.deliveries:
        sent_at = endpoints.get(delivery.send.endpoint)
        if sent_at is None:
            continue
        read_at = endpoints.get(delivery.receive.endpoint) if delivery.receive else None
        evidence = run.deliveries.get(delivery.name)
        delivered = _delivered(delivery, evidence, sent_at)
        findings: Iterable[Finding]
        records: tuple[Line, ...] = ()
        if not isinstance(delivered, Delivered):
            findings = (delivered,)
        elif not asked(delivery.expect):
            findings = (not_applicable("the policy does not ask for it"),)
        else:
            findings, records = judge(delivered), _records(delivered)
        for finding in findings:
            named = replace(finding, message=f"{delivery.name}: {finding.message}")
            yield Placed(
                endpoint=read_at or sent_at,
                finding=named,
                route=(*delivery.route, *(finding.key.split(".") if finding.key else ())),
                transcript=records,
            )


def silent(detail: str) -> Missing:
    """Return what is missing where the header does not say; `detail` is one sentence."""
    return Missing(phase=Phase.AFTER_TLS, cause=Cause.SILENT, detail=detail)


def _delivered(
    delivery: Delivery, evidence: DeliveryEvidence | None, sent_at: Endpoint
) -> Delivered | Finding:
    """Return the delivery with its way, or why there is no message to judge."""
    if evidence is None:
        return not_applicable("the run does not send; --send does")
    submitted, arrived = evidence.submission, evidence.arrival
    if not isinstance(submitted, Submitted):
        return _unsent(submitted)
    if isinstance(arrived, Skipped):
        return not_applicable(arrived.reason)
    if not isinstance(arrived, Arrived):
        return _unread(arrived)
    chain = trace(
        submitted,
        arrived,
        parse_received(arrived.header),
        host=sent_at.host,
        globs=delivery.expect.hosts,
    )
    return Delivered(delivery=delivery, submitted=submitted, arrived=arrived, chain=chain)


def _unsent(why: Refused | Withheld | Missing) -> Finding:
    if isinstance(why, Withheld) and why.kind in _NO_FAULT:
        return not_applicable(why.detail)
    return _behind("the message was not sent (see the rule delivery-accepted)")


def _unread(why: NotArrived | Refused | Withheld | Missing) -> Finding:
    if isinstance(why, Withheld) and why.kind in _NO_FAULT:
        return not_applicable(why.detail)
    return _behind("the message was not found (see the rule delivery-arrived)")


def _behind(detail: str) -> Finding:
    missing = Missing(phase=Phase.AFTER_TLS, cause=Cause.PREREQUISITE, detail=detail)
    return inconclusive(missing)


def _records(delivered: Delivered) -> tuple[Line, ...]:
    """Return the Received fields as the proof, newest first as in the message."""
    hops = parse_received(delivered.arrived.header)
    return tuple(Line(side="S", text=f"Received: {clean(hop.field, RECORD_LIMIT)}") for hop in hops)
