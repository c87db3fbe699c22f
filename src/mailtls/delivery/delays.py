"""How long a message stayed where, from stamps of clocks that need not agree.

Both ends are told by this program's clock: when the message was accepted, and when it was found. A
stamp outside of that span is of a clock that is off, and one before the stamp of an earlier host of
clocks that disagree; neither says how long a hop took. Stamps are cut to whole seconds.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailtls.delivery.chain import Chain, Proof
from mailtls.flow import Arrived, Hop, Submitted
from mailtls.pure import pure

ROUNDING = 1.0
"""Seconds by which a stamp of whole seconds may be early or late."""


@pure
class Wait:
    """How many seconds passed until `host` recorded the message, since the host before it did."""

    host: str
    seconds: float


@pure
class Skew:
    """By how many seconds the stamp of `host` is behind the discovery, or (below 0) before what came first."""

    host: str
    seconds: float


@pure
class Delays:
    """The seconds from acceptance to discovery, what they consist of, and the clocks that are off.

    The waits are in the order of the way; the last one, of `found`, is until it was found.
    """

    total: float
    waits: tuple[Wait, ...]
    found: float
    skews: tuple[Skew, ...]

    @property
    def slowest(self) -> Wait:
        """Return the longest wait; where finding it took longest, its host is "the mailbox"."""
        return max(
            (*self.waits, Wait(host="the mailbox", seconds=self.found)), key=lambda w: w.seconds
        )


def delays(chain: Chain, submitted: Submitted, arrived: Arrived) -> Delays:
    """Return the delays of a message by the records that count."""
    total = max((arrived.at - submitted.at).total_seconds(), 0.0)
    waits: list[Wait] = []
    skews: list[Skew] = []
    reached = 0.0
    for hop in _records(chain):
        if hop.at is None or not hop.by:
            continue
        # A server may stamp the message as soon as its transmission begins.
        stamp = (hop.at - submitted.at).total_seconds()
        early = stamp - (reached if waits else -submitted.seconds)
        if early < -ROUNDING:
            skews.append(Skew(host=hop.by, seconds=early))
        elif stamp > total + ROUNDING:
            skews.append(Skew(host=hop.by, seconds=stamp - total))
        else:
            now = min(max(stamp, reached), total)
            waits.append(Wait(host=hop.by, seconds=now - reached))
            reached = now
    return Delays(total=total, waits=tuple(waits), found=total - reached, skews=tuple(skews))


def _records(chain: Chain) -> Iterator[Hop]:
    """Yield the records that count, in the order of the way."""
    if chain.own is not None:
        yield chain.own
    for step in chain.steps:
        if step.proof is Proof.RECORDED and step.hop is not None and step.hop is not chain.own:
            yield step.hop
