"""Whether every address of a name gives the same answers: one stale node behind a name is a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mailtls.evidence import Capabilities, Missing, SessionEvidence, TlsFacts
from mailtls.policy.model import AddressChoice, Endpoint
from mailtls.rules import servers
from mailtls.rules.across import Group, Placed, RunView, describe_leaf, group, table
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
from mailtls.rules.servers import Topic
from mailtls.terms import Expect, Level, TlsVersion

_EXPECTED = "the same certificate, negotiated version and capabilities on every address"


def across(run: RunView) -> Iterable[Placed]:
    """Judge each endpoint's addresses against one another."""
    for endpoint in run.policy.endpoints:
        if endpoint.expect is Expect.REACHABLE:
            views = [view for view in run.of(endpoint) if view.target is not None]
            for finding in _judge(endpoint, views):
                yield Placed(endpoint=endpoint, finding=finding)


def _judge(endpoint: Endpoint, views: list[TargetView]) -> Iterable[Finding]:
    if len(views) <= 1:
        yield not_applicable("one address has nothing to agree with")
        return
    if endpoint.addresses is AddressChoice.ANY:
        yield not_applicable("one good address is enough (addresses: any)", key="addresses")
        return
    gap: Missing | None = None
    clean = True
    for words, topic, read in _ASPECTS:
        seen: list[tuple[str, str]] = []
        for view in views:
            value = read(view)
            if isinstance(value, Missing):
                gap = gap or value
            elif view.target is not None:
                seen.append((view.target.address, value))
        groups = group(seen)
        if len(groups) > 1:
            clean = False
            yield _differ(endpoint, views, words, topic, groups)
    if not clean:
        return
    if gap is not None:
        yield inconclusive(gap, expected=_EXPECTED, key="host")
        return
    yield passed(f"{len(views)} addresses agree", expected=_EXPECTED, key="host")


def _differ(
    endpoint: Endpoint,
    views: list[TargetView],
    words: str,
    topic: Topic,
    groups: tuple[Group, ...],
) -> Finding:
    total = sum(len(each.members) for each in groups)
    odd = [address for each in groups[1:] for address in each.members]
    who = ", ".join(odd[:8]) + (f" and {len(odd) - 8} more" if len(odd) > 8 else "")  # noqa: PLR2004
    first = next(v for v in views if v.target is not None and v.target.address == odd[0])
    even = len(groups[0].members) == len(groups[1].members)
    message = (
        f"the {total} addresses of {endpoint.host} do not agree on the {words}"
        if even
        else f"{len(odd)} of {total} addresses of {endpoint.host} differ in the {words}: {who}"
    )
    return failed(
        message,
        expected=f"the same {words} on every address",
        observed=table(groups),
        remedy=f"bring the node behind each address that differs to the same state: "
        f"{servers.fix(first, topic)}; where they differ on purpose, give each its own endpoint"
        " with `addresses` (clients take any address: RFC 5321 section 5.1)",
        key="host",
        level=lighter(Level.WARNING, endpoint.level),
    )


def _certificate(view: TargetView) -> str | Missing:
    tls = view.served
    return describe_leaf(tls.chain[0]) if isinstance(tls, TlsFacts) else tls


def _version(view: TargetView) -> str | Missing:
    tls = view.tls
    return TlsVersion(tls.version).label if isinstance(tls, TlsFacts) else tls


def _capabilities(view: TargetView) -> str | Missing:
    session = view.session
    if isinstance(session, SessionEvidence) and isinstance(session.after, Capabilities):
        names = " ".join(sorted(set(session.after.names)))
        mechanisms = " ".join(sorted(set(session.after.mechanisms)))
        return f"{names} (AUTH: {mechanisms or 'none'})"
    tls = view.tls
    if isinstance(tls, Missing):
        return tls
    assert isinstance(session, SessionEvidence)
    assert isinstance(session.after, Missing)
    return session.after


_ASPECTS: tuple[tuple[str, Topic, Callable[[TargetView], str | Missing]], ...] = (
    ("certificate", Topic.RELOAD, _certificate),
    ("negotiated TLS version", Topic.VERSIONS, _version),
    ("capabilities after TLS", Topic.RELOAD, _capabilities),
)


RULE = Rule(
    id="address-agreement",
    title="Addresses do not agree",
    summary="Every address of a name serves the same certificate, TLS version and capabilities.",
    needs=needs_session,
    across=across,
)
