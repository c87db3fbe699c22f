"""Whether services of one identity serve one leaf: a daemon that was not reloaded serves the older."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import CertificateFacts, Missing
from mailtls.policy.model import AddressChoice, Endpoint
from mailtls.pure import pure
from mailtls.rules import servers
from mailtls.rules.across import Placed, RunView, describe_leaf, leaf_of
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    lighter,
    needs_session,
    not_applicable,
    passed,
)
from mailtls.terms import Expect, Level


@pure
class _Served:
    """The leaf of one target."""

    view: TargetView
    leaf: CertificateFacts

    @property
    def endpoint(self) -> Endpoint:
        return self.view.endpoint


def across(run: RunView) -> Iterable[Placed]:
    """Judge each endpoint against the newest leaf that its identity has anywhere in the policy."""
    families: dict[str, list[Endpoint]] = {}
    for endpoint in run.policy.endpoints:
        if endpoint.expect is Expect.REACHABLE:
            families.setdefault(endpoint.identity, []).append(endpoint)
    for identity, endpoints in families.items():
        if len(endpoints) == 1:
            alone = not_applicable(f"no other endpoint has the identity {identity}")
            yield Placed(endpoint=endpoints[0], finding=alone)
            continue
        served = [
            _Served(view=view, leaf=leaf)
            for endpoint in endpoints
            for view in run.of(endpoint)
            if isinstance(leaf := leaf_of(view), CertificateFacts)
        ]
        for endpoint in endpoints:
            yield from _judge(endpoint, run.of(endpoint), served)


def _judge(
    endpoint: Endpoint, views: tuple[TargetView, ...], served: list[_Served]
) -> Iterable[Placed]:
    expected = f"one certificate for {endpoint.identity} on all its services"
    own = [each for each in served if each.endpoint is endpoint]
    elsewhere = len({each.endpoint.name for each in served} - {endpoint.name})
    missing = [leaf for view in views if isinstance(leaf := leaf_of(view), Missing)]
    newest = _newest(served)
    stale = [each for each in own if newest and each.leaf.sha256 != newest.leaf.sha256]
    for each in stale:
        if newest is not None:
            yield Placed(endpoint=endpoint, finding=_stale(each, newest, expected), view=each.view)
    if stale:
        return
    enough = own and endpoint.addresses is AddressChoice.ANY
    if missing and not enough:
        yield Placed(endpoint=endpoint, finding=inconclusive(missing[0], expected=expected))
    elif not elsewhere:
        reason = "no other service of this identity showed a certificate to compare"
        yield Placed(endpoint=endpoint, finding=not_applicable(reason))
    elif newest is not None:
        observed = describe_leaf(newest.leaf)
        same = passed(
            "the certificate is the newest of its identity", expected=expected, observed=observed
        )
        yield Placed(endpoint=endpoint, finding=same)


def _newest(served: list[_Served]) -> _Served | None:
    """Return who serves the leaf issued last; of several issued at once, the one served most."""
    if not served:
        return None
    counts: dict[str, int] = {}
    for each in served:
        counts[each.leaf.sha256] = counts.get(each.leaf.sha256, 0) + 1

    def rank(each: _Served) -> tuple[object, ...]:
        return (each.leaf.not_before, each.leaf.not_after, counts[each.leaf.sha256])

    return max(served, key=rank)


def _stale(each: _Served, newest: _Served, expected: str) -> Finding:
    older = each.leaf.not_before < newest.leaf.not_before
    message = (
        f"an older certificate than on {newest.endpoint.name} is served: likely not reloaded"
        if older
        else f"another certificate than on {newest.endpoint.name} is served"
    )
    kinds = (each.leaf.key.kind, newest.leaf.key.kind)
    note = f"; the keys are {kinds[0]} and {kinds[1]}" if kinds[0] != kinds[1] else ""
    reload = servers.fix(each.view, servers.Topic.RELOAD)
    return failed(
        message,
        expected=expected,
        observed=f"{describe_leaf(each.leaf)}; {newest.endpoint.name} serves"
        f" {describe_leaf(newest.leaf)}{note}",
        remedy=f"load the new certificate: {reload}; where the services have certificates of their"
        " own, install the same one, or give them other identities"
        " (equal security across the services of a host: RFC 9325 section 3.9)",
        level=lighter(Level.WARNING, each.endpoint.level),
    )


RULE = Rule(
    id="certificate-agreement",
    title="Services serve different certificates",
    summary="All services of one identity serve the same, newest certificate.",
    needs=needs_session,
    across=across,
)
