"""The way of a delivered message, arrow by arrow, and whose word each arrow rests on.

What this program saw itself needs no one's word: the session it sent over, the one it read over. In
between there are the Received fields, and a host can write below its own whatever it likes. So they
are read from the top, where the last host wrote: a record counts while its `by` is inside `hosts` and
the record above it, which counts already, names a sender inside. The first that does not, and all
below it, are shown and not believed. The record of the host that took the message is the last one
that counts: this program sends none, so what stands below it was written by something in front of
that host, or was made up.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from ipaddress import ip_address

from mailtls.delivery.grammars import tls_of
from mailtls.delivery.hosts import is_among, is_near
from mailtls.delivery.senders import address_in
from mailtls.flow import Arrived, Hop, HopClear, HopTls, HopUnknown, Submitted
from mailtls.pure import pure

OURSELVES = "mailtls"
"""The name under which this program stands at both ends."""

CONFIRMING = frozenset({"Postfix", "Exim", "Sendmail"})
"""Servers whose looked-up name is one that leads back to the address; others record what the owner of
the address says of it."""


class Proof(StrEnum):
    """What an arrow rests on."""

    SEEN = "seen"
    RECORDED = "recorded"
    CLAIMED = "claimed"


@pure
class Step:
    """One arrow. `hop` is the record it comes from, None where this program saw it alone."""

    sender: str
    receiver: str
    security: HopTls | HopClear | HopUnknown
    local: bool
    proof: Proof
    hop: Hop | None

    @property
    def judged(self) -> bool:
        """Return whether this arrow is a network hop whose record counts."""
        return self.proof is not Proof.CLAIMED and not self.local


@pure
class Chain:
    """All arrows in the order of the message's way; the last one is reading the mailbox.

    `own` is the record of the host that took the message, None where none is known for it. `gap` is
    one sentence on why the way is not proved as a whole, "" where it is. `below` counts the records
    under `own`. `boundary` is the position in the header of the topmost record that does not count,
    None where all do.
    """

    steps: tuple[Step, ...]
    own: Hop | None
    gap: str
    below: int
    boundary: int | None


@pure
class _Inside:
    """Who counts: the policy's globs, and the address at which the message was handed in."""

    globs: tuple[str, ...]
    taken_at: str

    def names(self, *names: str) -> bool:
        return any(is_among(name, self.globs) for name in names)

    def sent(self, hop: Hop) -> bool:
        """Return whether a record that counts names a sender inside.

        The address cannot be made up, and a name that leads back to it hardly. A name that the client
        gives itself counts only from a loopback or private address, where nobody from outside connects.
        """
        if not hop.address:
            return False
        if self.names(hop.address):
            return True
        if hop.software in CONFIRMING and self.names(hop.client):
            return True
        if is_near(hop.address):
            return self.names(hop.helo, hop.client)
        return hop.address == self.taken_at


def trace(
    submitted: Submitted,
    arrived: Arrived,
    hops: tuple[Hop, ...],
    *,
    host: str,
    globs: Iterable[str],
) -> Chain:
    """Return the way of a message; `host` took it, `hops` are newest first, `globs` are the hosts inside."""
    inside = _Inside(globs=tuple(globs), taken_at=submitted.address)
    counted, gap = _counted(hops, inside, submitted.queue_id)
    own, doubt = _own(hops, counted, submitted, host)
    gap = gap if own is None and gap else doubt
    first = _first(submitted, host if own is None else hops[own].by or host)
    later = hops if own is None else hops[:own]
    recorded = [
        _recorded(hop, Proof.RECORDED if index < counted else Proof.CLAIMED)
        for index, hop in enumerate(later)
    ]
    way = [first, *_below_tls(hops, own), *reversed(recorded)]
    way.append(_read(arrived, way[-1].receiver))
    return Chain(
        steps=tuple(way),
        own=None if own is None else hops[own],
        gap=gap,
        below=0 if own is None else len(hops) - own - 1,
        boundary=hops[counted].position if counted < len(hops) else None,
    )


def same_message(recorded: str, replied: str) -> bool:
    """Return whether the id in a record is the one in the reply.

    Gmail and Haraka write more behind a dot in one of the two places.
    """
    shorter, longer = sorted((recorded.lower(), replied.lower()), key=len)
    return bool(shorter) and (longer == shorter or longer.startswith(f"{shorter}."))


def _counted(hops: tuple[Hop, ...], inside: _Inside, replied: str) -> tuple[int, str]:
    """Return how many records count from the top, and why the next one does not."""
    for index, hop in enumerate(hops):
        if _is_passed_on(hop, inside):
            continue
        if not inside.names(hop.by):
            who = hop.by or "an unnamed host"
            return index, f"{who}, which wrote the next record, is not among `hosts`"
        if same_message(hop.queue_id, replied):
            return index + 1, ""
        if not hop.local and not inside.sent(hop) and index + 1 < len(hops):
            return index + 1, _stranger(hop)
    return len(hops), "" if hops else "the message has no Received field"


def _is_passed_on(hop: Hop, inside: _Inside) -> bool:
    """Return whether a record is a hand-over that needs no trust of its own, for it makes nobody trusted.

    That is qmail-queue's note, Gmail within itself, and one whose sender is inside, as when LMTP on a Unix
    socket leads to a store that calls itself by the name of a container.
    """
    nameless = not hop.by or hop.software == "Gmail"
    return hop.local and (nameless or inside.names(hop.helo, hop.client))


def _stranger(hop: Hop) -> str:
    who = hop.client or hop.helo
    if not hop.address:
        named = f" ({who})" if who else ""
        return f"{hop.by} does not record the address of the host it received from{named}"
    named = f" as {who}" if who else ""
    return f"{hop.by} received from {hop.address}{named}, which is not among `hosts`"


def _own(
    hops: tuple[Hop, ...], counted: int, submitted: Submitted, host: str
) -> tuple[int | None, str]:
    """Return which record is that of the host that took the message, and what is in doubt about it.

    Where the reply or the record has no id, it is the oldest, if all count and its host is the one that
    was connected to or named in the reply.
    """
    replied = submitted.queue_id
    for index in range(counted):
        if same_message(hops[index].queue_id, replied):
            return index, ""
    if not hops or counted < len(hops):
        return None, ""
    oldest = hops[-1]
    if replied and oldest.queue_id:
        return None, f"no record that counts has {replied}, the id in the reply to the message"
    named = {host.lower(), *" ".join(submitted.reply.lines).lower().replace("=", " ").split()}
    if oldest.by.lower() in {each.strip("[](),;<>") for each in named}:
        return len(hops) - 1, ""
    return (
        None,
        f"nothing ties the oldest record, by {oldest.by}, to {host}, which took the message",
    )


def _first(submitted: Submitted, receiver: str) -> Step:
    return Step(
        sender=OURSELVES,
        receiver=receiver,
        security=tls_of(submitted.version, submitted.cipher),
        local=False,
        proof=Proof.SEEN,
        hop=None,
    )


def _below_tls(hops: tuple[Hop, ...], own: int | None) -> list[Step]:
    """Return the arrow behind whatever ends TLS in front of the host that took the message, if any.

    Only a server that is known to say so in its record contradicts what was seen.
    """
    if own is None or hops[own].local or not hops[own].software:
        return []
    clear = isinstance(hops[own].security, HopClear)
    return [_recorded(hops[own], Proof.RECORDED)] if clear else []


def _recorded(hop: Hop, proof: Proof) -> Step:
    sender = hop.client or hop.helo or (f"[{hop.address}]" if hop.address else "")
    receiver = hop.by or "the same host"
    return Step(
        sender=receiver if hop.local else sender or "an unnamed host",
        receiver=receiver,
        security=hop.security,
        local=hop.local,
        proof=proof,
        hop=hop,
    )


def _read(arrived: Arrived, last: str) -> Step:
    security: HopTls | HopClear = (
        tls_of(arrived.version, arrived.cipher) if arrived.version else HopClear(keyword="")
    )
    return Step(
        sender=last,
        receiver=OURSELVES,
        security=security,
        local=not arrived.version and _is_loopback(arrived.address),
        proof=Proof.SEEN,
        hop=None,
    )


def _is_loopback(address: str) -> bool:
    return bool(address_in(address)) and ip_address(address).is_loopback
