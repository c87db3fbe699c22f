"""Rules over several targets: what they see, where they tell what they found, and how they compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from mailtls.evidence import CertificateFacts, Line, Missing
from mailtls.flow import DeliveryEvidence
from mailtls.policy.model import Endpoint, Policy
from mailtls.probe.questions import Target
from mailtls.pure import pure
from mailtls.rules.base import Finding, TargetView
from mailtls.verdict import Route

SUBJECT_LIMIT = 100
"""Characters of a subject in a table of many, where a hostile one would hide the rest."""


@pure
class RunView:
    """All targets of a run at once, in the policy's order, for rules that compare them.

    Targets that an earlier rule of this kind has explained are not among `targets`. `deliveries` is the
    evidence of those that were sent, by name.
    """

    policy: Policy
    targets: tuple[TargetView, ...]
    deliveries: Mapping[str, DeliveryEvidence] = field(default_factory=dict)

    def of(self, endpoint: Endpoint) -> tuple[TargetView, ...]:
        """Return the targets of one endpoint."""
        return tuple(view for view in self.targets if view.endpoint.name == endpoint.name)


@pure
class Placed:
    """A finding over several targets, and where it is told: an endpoint, one target of it, or a route.

    `view` is the target it is about, None for the endpoint as a whole. `route` None follows the
    finding's key within the endpoint. What is inconclusive on the places it `explains`
    (`TargetView.place`) is told by this finding alone. `transcript` is its proof where that is not
    the full session's.
    """

    endpoint: Endpoint
    finding: Finding
    view: TargetView | None = None
    route: Route | None = None
    explains: frozenset[Target] = frozenset()
    transcript: tuple[Line, ...] | None = None


@pure
class Group:
    """A value, and who has it, in the order they were seen."""

    value: str
    members: tuple[str, ...]


def group(seen: Iterable[tuple[str, str]]) -> tuple[Group, ...]:
    """Return (member, value) pairs as groups of one value, the largest first, then the first seen."""
    members: dict[str, list[str]] = {}
    for member, value in seen:
        members.setdefault(value, []).append(member)
    groups = [Group(value=value, members=tuple(who)) for value, who in members.items()]
    return tuple(sorted(groups, key=lambda each: -len(each.members)))


def table(groups: Iterable[Group]) -> str:
    """Return who differs, smallest group first, so that what stands out survives a cut at the end."""
    rows = sorted(groups, key=lambda each: len(each.members))
    return " | ".join(f"{_listed(row.members)}: {row.value}" for row in rows)


def _listed(members: tuple[str, ...], most: int = 16) -> str:
    more = f" and {len(members) - most} more" if len(members) > most else ""
    return ", ".join(members[:most]) + more


def leaf_of(view: TargetView) -> CertificateFacts | Missing:
    """Return the leaf that a target served, or why there is none."""
    tls = view.served
    return tls if isinstance(tls, Missing) else tls.chain[0]


def describe_leaf(leaf: CertificateFacts) -> str:
    """Return a leaf so that two of them can be told apart: fingerprint, subject and dates."""
    subject = leaf.subject[:SUBJECT_LIMIT] or "(no subject)"
    return (
        f"sha256:{leaf.sha256[:16]} {subject}"
        f" of {leaf.not_before:%Y-%m-%d} to {leaf.not_after:%Y-%m-%d}"
    )
