"""Every network hop that trusted hosts recorded had TLS, in a version the policy allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mailtls.flow import HopClear, HopTls, HopUnknown
from mailtls.rules.across import Placed, RunView
from mailtls.rules.base import Finding, Rule, failed, inconclusive, passed
from mailtls.rules.delivered import Delivered, across_delivered, silent
from mailtls.rules.deliveries import needs_nothing
from mailtls.rules.delivery_fixes import demand, record
from mailtls.terms import TlsVersion

if TYPE_CHECKING:
    from mailtls.delivery.chain import Step
    from mailtls.policy.delivery import FlowExpectation

_VERSIONS = {version.label: version for version in TlsVersion}

_IN_FRONT = (
    "TLS was seen, and the server recorded none: something in front of it ends TLS. Have the proxy or load"
    " balancer pass the connection through, or speak TLS to the server as well (RFC 3848 section 1)"
)


def across(run: RunView) -> Iterable[Placed]:
    """Judge the recorded hops of each delivery."""
    return across_delivered(run, _asked, _judge)


def _asked(expect: FlowExpectation) -> bool:
    return expect.hops_tls or expect.min_version is not None


def _judge(delivered: Delivered) -> Iterator[Finding]:
    """Yield a finding for each hop before the mailbox is read, and one for what is not proved."""
    expect, chain = delivered.expect, delivered.chain
    software = ""
    for step in chain.steps[:-1]:
        if step.judged:
            remedy = _IN_FRONT if step.hop and step.hop is chain.own else _demand(step, software)
            yield _hop(step, expect, remedy)
        software = step.hop.software if step.hop else chain.own.software if chain.own else ""
    if chain.gap:
        yield _open(chain.gap, _key(expect), _expected(expect))


def _key(expect: FlowExpectation) -> str:
    return "expect.hops" if expect.hops_tls else "expect.min_version"


def _expected(expect: FlowExpectation) -> str:
    floor = f", {expect.min_version.label} or later" if expect.min_version else ""
    return f"TLS on every network hop that `hosts` recorded{floor}"


def _demand(step: Step, software: str) -> str:
    """Return how a hop gets TLS; `software` is what the sending host's own record is written by."""
    return f"have {step.sender} demand TLS ({demand(software)}), and {step.receiver} offer it (RFC 3207)"


def _hop(step: Step, expect: FlowExpectation, remedy: str) -> Finding:
    """Return the finding on one hop; `remedy` mends one in clear."""
    way = f"{step.sender} to {step.receiver}"
    expected = _expected(expect)
    match step.security:
        case HopClear(keyword=keyword):
            return failed(
                f"the hop from {way} was in clear",
                expected=expected,
                observed=f"{step.receiver} recorded `with {keyword}`, which is without TLS (RFC 3848)",
                remedy=remedy,
                key=_key(expect),
            )
        case HopUnknown(reason=reason):
            return _unknown(step, f"whether the hop from {way} had TLS: {reason}", expect)
        case HopTls() as tls:
            return _versioned(step, tls, expect)


def _versioned(step: Step, tls: HopTls, expect: FlowExpectation) -> Finding:
    from mailtls.delivery.chain import Proof

    way = f"{step.sender} to {step.receiver}"
    floor = expect.min_version
    shown = " ".join(part for part in (tls.version or "TLS", tls.cipher) if part)
    whose = "seen" if step.proof is Proof.SEEN else f"recorded by {step.receiver}"
    version = _VERSIONS.get(tls.version)
    if floor is not None and version is None:
        return _unknown(
            step, f"the TLS version of the hop from {way}", expect, "expect.min_version"
        )
    if floor is not None and version is not None and version < floor:
        return failed(
            f"the hop from {way} had {tls.version}",
            expected=_expected(expect),
            observed=f"{shown}, {whose}",
            remedy=f"raise the lowest version at {step.receiver} or {step.sender} to {floor.label}"
            " (RFC 9325 section 3.1.1)",
            key="expect.min_version",
        )
    return passed(
        f"the hop from {way} had {tls.version or 'TLS'}",
        expected=_expected(expect),
        observed=f"{shown}, {whose}",
        key=_key(expect),
    )


def _unknown(step: Step, what: str, expect: FlowExpectation, key: str = "") -> Finding:
    open_end = _open(
        f"{step.receiver} does not record {what}", key or _key(expect), _expected(expect)
    )
    return replace(open_end, remedy=record(step.hop)) if step.hop else open_end


def _open(detail: str, key: str, expected: str) -> Finding:
    return inconclusive(silent(detail), expected=expected, key=key)


RULE = Rule(
    id="delivery-hops",
    title="Hop of the delivery without TLS",
    summary="Every network hop that trusted hosts recorded of the test message had TLS.",
    needs=needs_nothing,
    across=across,
)
