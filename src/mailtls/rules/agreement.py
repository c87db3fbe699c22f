"""What a policy declares to be the same on several endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from mailtls.evidence import CertificateFacts, Missing, TlsFacts
from mailtls.policy.model import AddressChoice, Agreement, Aspect
from mailtls.rules.across import Placed, RunView, describe_leaf, group, table
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    needs_session,
    passed,
)
from mailtls.terms import TlsVersion

_WORDS = {
    Aspect.CERTIFICATE: "certificate",
    Aspect.NAMES: "names in the certificate",
    Aspect.ISSUER: "issuer of the certificate",
    Aspect.VERSIONS: "negotiated TLS version",
    Aspect.CIPHERS: "negotiated cipher suite",
    Aspect.GROUPS: "negotiated group",
}
_NO_GROUP = "none (no key exchange with a group)"


def across(run: RunView) -> Iterable[Placed]:
    """Judge each aspect of each declared agreement over all targets of its endpoints."""
    for agreement in run.policy.agreements:
        views = [view for view in run.targets if view.endpoint.name in agreement.endpoints]
        for aspect in agreement.same:
            yield from _judge(agreement, aspect, views)


def _judge(agreement: Agreement, aspect: Aspect, views: list[TargetView]) -> Iterable[Placed]:
    words = _WORDS[aspect]
    expected = f"{agreement.name}: the same {words} on {', '.join(agreement.endpoints)}"
    seen: list[tuple[str, str]] = []
    holders: dict[str, TargetView] = {}
    gaps: list[tuple[TargetView, Missing]] = []
    for view in views:
        value = _READ[aspect](view)
        if isinstance(value, Missing):
            gaps.append((view, value))
            continue
        member = _member(view)
        holders[member] = view
        seen.append((member, value))
    groups = group(seen)
    answered = {view.endpoint.name for view in holders.values()}
    gap = next((each for each in gaps if not _spare(each[0], answered)), None)
    finding: Finding
    if len(groups) > 1:
        odd = [member for each in groups[1:] for member in each.members]
        finding = failed(
            f"{agreement.name}: the endpoints do not agree on the {words}",
            expected=expected,
            observed=table(groups),
            remedy=f"bring {', '.join(odd[:8])} to the same state as the others, or take"
            f" `{aspect.value}` out of `same` (equal security across services: RFC 9325 section 3.9)",
            level=holders[odd[0]].endpoint.level,
        )
        yield Placed(endpoint=holders[odd[0]].endpoint, finding=finding, route=agreement.route)
    elif gap is not None:
        finding = inconclusive(gap[1], expected=expected)
        yield Placed(endpoint=gap[0].endpoint, finding=finding, route=agreement.route)
    elif groups:
        finding = passed(
            f"{agreement.name}: the {words} is the same",
            expected=expected,
            observed=groups[0].value,
        )
        yield Placed(endpoint=views[0].endpoint, finding=finding, route=agreement.route)


def _spare(view: TargetView, answered: set[str]) -> bool:
    """Return whether another address of the endpoint has answered, and one is enough."""
    return view.endpoint.addresses is AddressChoice.ANY and view.endpoint.name in answered


def _member(view: TargetView) -> str:
    address = "" if view.target is None else f" ({view.target.address})"
    return f"{view.endpoint.name}{address}"


def _of_leaf(read: Callable[[CertificateFacts], str]) -> Callable[[TargetView], str | Missing]:
    def value(view: TargetView) -> str | Missing:
        tls = view.served
        return read(tls.chain[0]) if isinstance(tls, TlsFacts) else tls

    return value


def _of_tls(read: Callable[[TlsFacts], str]) -> Callable[[TargetView], str | Missing]:
    def value(view: TargetView) -> str | Missing:
        tls = view.tls
        return read(tls) if isinstance(tls, TlsFacts) else tls

    return value


def _names(leaf: CertificateFacts) -> str:
    return ", ".join(sorted({*leaf.dns_names, *leaf.ip_addresses})) or "none"


_READ: Mapping[Aspect, Callable[[TargetView], str | Missing]] = {
    Aspect.CERTIFICATE: _of_leaf(describe_leaf),
    Aspect.NAMES: _of_leaf(_names),
    Aspect.ISSUER: _of_leaf(lambda leaf: leaf.issuer),
    Aspect.VERSIONS: _of_tls(lambda tls: TlsVersion(tls.version).label),
    Aspect.CIPHERS: _of_tls(lambda tls: tls.cipher),
    Aspect.GROUPS: _of_tls(lambda tls: tls.group or _NO_GROUP),
}


RULE = Rule(
    id="agreement",
    title="Declared agreement broken",
    summary="Endpoints that the policy declares to agree are the same in what it names.",
    needs=needs_session,
    across=across,
)
