"""What the rules about a received message share: which deliveries have one, and the way it took."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mailtls.evidence import Line, Missing, Skipped
from mailtls.flow import Arrived, Hop, Submitted, Withheld
from mailtls.pure import pure
from mailtls.rules.across import Placed, RunView
from mailtls.rules.base import Finding, inconclusive, not_applicable
from mailtls.rules.deliveries import Flow, flows, withheld
from mailtls.sanitizer import clean
from mailtls.terms import Cause, Phase

if TYPE_CHECKING:
    from mailtls.delivery.chain import Chain
    from mailtls.policy.delivery import FlowExpectation

RECORD_LIMIT = 1000
"""Characters of a Received field in a transcript; real ones have up to 700."""


@pure
class Delivered:
    """One delivery whose message was found; `hops` are all its records, newest first.

    `globs` are the hosts whose records count.
    """

    expect: FlowExpectation
    globs: tuple[str, ...]
    submitted: Submitted
    arrived: Arrived
    hops: tuple[Hop, ...]
    chain: Chain


def across_delivered(
    run: RunView,
    asked: Callable[[FlowExpectation], bool],
    judge: Callable[[Delivered], Iterable[Finding]],
) -> Iterator[Placed]:
    """Yield the findings of each delivery, told at the endpoint it was read from.

    A finding's key is below the delivery, as "expect.hops".
    """
    for flow in flows(run):
        delivered = delivered_by(flow)
        if isinstance(delivered, Finding):
            yield flow.placed(delivered, at=flow.reader)
            continue
        findings: Iterable[Finding] = (not_applicable("the policy does not ask for it"),)
        if asked(delivered.expect):
            findings = judge(delivered)
        for finding in findings:
            yield flow.placed(
                replace(finding, message=f"{flow.delivery.name}: {finding.message}"),
                at=flow.reader,
                key=tuple(finding.key.split(".")) if finding.key else (),
                transcript=_records(delivered),
            )


def delivered_by(flow: Flow) -> Delivered | Finding:
    """Return the delivery with the way of its message, or why there is no message to judge."""
    name = flow.delivery.name
    submitted, arrived = flow.evidence.submission, flow.evidence.arrival
    for said in (submitted, arrived):
        if isinstance(said, Withheld):
            return withheld(said, name, expected="")
    if not isinstance(submitted, Submitted):
        return _behind(f"{name}: the message was not sent (see the rule delivery-accepted)")
    if isinstance(arrived, Skipped):
        return not_applicable(f"{name}: {arrived.reason}")
    if not isinstance(arrived, Arrived):
        return _behind(f"{name}: the message was not found (see the rule delivery-arrived)")
    # Late: few runs have a message whose way is to be read.
    from mailtls.delivery.chain import trace
    from mailtls.delivery.hosts import inside
    from mailtls.delivery.received import parse_received

    hops = parse_received(arrived.header)
    globs = inside(flow.delivery, (flow.sender, flow.reader))
    return Delivered(
        expect=flow.delivery.expect,
        globs=globs,
        submitted=submitted,
        arrived=arrived,
        hops=hops,
        chain=trace(submitted, arrived, hops, host=flow.sender.host, globs=globs),
    )


def silent(detail: str) -> Missing:
    """Return what is missing where the header does not say; `detail` is one sentence."""
    return Missing(phase=Phase.AFTER_TLS, cause=Cause.SILENT, detail=detail)


def _behind(detail: str) -> Finding:
    missing = Missing(phase=Phase.AFTER_TLS, cause=Cause.PREREQUISITE, detail=detail)
    return inconclusive(missing)


def _records(delivered: Delivered) -> tuple[Line, ...]:
    """Return the Received fields as the proof, newest first as in the message."""
    return tuple(
        Line(side="S", text=f"Received: {clean(hop.field, RECORD_LIMIT)}") for hop in delivered.hops
    )
