"""The message is found within the time the policy allows, told hop by hop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mailtls.rules.across import Placed, RunView
from mailtls.rules.base import Finding, Rule, failed, passed
from mailtls.rules.delivered import Delivered, across_delivered
from mailtls.rules.deliveries import needs_nothing

if TYPE_CHECKING:
    from mailtls.delivery.delays import Delays

_KEY = "expect.within"


def across(run: RunView) -> Iterable[Placed]:
    """Judge the time each delivery took."""
    return across_delivered(run, lambda expect: expect.within is not None, _judge)


def _judge(delivered: Delivered) -> Iterator[Finding]:
    from mailtls.delivery.delays import delays

    within = delivered.expect.within
    assert within is not None
    seen = delays(delivered.chain, delivered.submitted, delivered.arrived)
    expected = f"found at most {within:g} s after it was accepted"
    observed = describe(seen)
    message = f"the message was found after {seen.total:.1f} s"
    if seen.total <= within:
        yield passed(message, expected=expected, observed=observed, key=_KEY)
        return
    slowest = seen.slowest
    yield failed(
        message,
        expected=expected,
        observed=observed,
        remedy=f"the longest wait, {slowest.seconds:.0f} s, was before {slowest.host}: look at the queue"
        f" of the host before it and at {slowest.host} for greylisting, slow DNS and filters, or allow"
        " more in `within` (a relay may try again after 30 minutes: RFC 5321 section 4.5.4.1)",
        key=_KEY,
    )


def describe(seen: Delays) -> str:
    """Return the delays in words, in the order of the way."""
    parts = [f"{wait.host} after {wait.seconds:.0f} s" for wait in seen.waits]
    parts.append(f"found after another {seen.found:.1f} s")
    parts += [
        f"the stamp of {skew.host} is left out: its clock or one before it is off, for it is"
        f" {abs(skew.seconds):.0f} s {'behind' if skew.seconds > 0 else 'before'}"
        f" {'the discovery' if skew.seconds > 0 else 'what came first'}"
        for skew in seen.skews
    ]
    return ", ".join(parts)


RULE = Rule(
    id="delivery-delay",
    title="Delivery too slow",
    summary="The test message is found within the time the policy allows.",
    needs=needs_nothing,
    across=across,
)
