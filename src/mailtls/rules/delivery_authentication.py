"""SPF, DKIM and DMARC as a trusted host recorded them: identity, never transport."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mailtls.evidence import Missing
from mailtls.flow import Signature
from mailtls.rules.across import Placed, RunView
from mailtls.rules.base import Finding, Rule, failed, inconclusive, passed
from mailtls.rules.delivered import Delivered, across_delivered, silent
from mailtls.rules.deliveries import needs_nothing

if TYPE_CHECKING:
    from mailtls.delivery.authentication import AuthenticationResults, MethodResult

_NAMES = {"spf": "SPF", "dkim": "DKIM", "dmarc": "DMARC"}
_FIXES = {
    "spf": "list the sending host in the SPF record of the envelope sender's domain (RFC 7208)",
    "dkim": "have the submission server sign for the sender's domain, and nothing change the message behind it (RFC 6376)",
    "dmarc": "let SPF or DKIM pass for the very domain of the From field (RFC 7489)",
}
_CHECKERS = {
    "spf": "pypolicyd-spf, rspamd, or `spf` in Exim's ACL",
    "dkim": "OpenDKIM, rspamd, or Exim's own DKIM",
    "dmarc": "OpenDMARC or rspamd",
}


def across(run: RunView) -> Iterable[Placed]:
    """Judge the results that each delivery's receiving host recorded."""
    return across_delivered(run, lambda expect: bool(expect.authentication), _judge)


def _judge(delivered: Delivered) -> Iterator[Finding]:
    counted = tuple(_counted(delivered))
    for method, wanted in delivered.expect.authentication:
        found = [
            (field.authority or "the receiving host", result)
            for field in counted
            for result in field.results
            if result.method == method
        ]
        yield _method(method, wanted, found, delivered)


def _counted(delivered: Delivered) -> Iterator[AuthenticationResults]:
    """Yield the fields whose word counts: of an authserv-id inside, above the first record that does not.

    Exchange Online names no authserv-id; its fields count above one of its own records that counts.
    """
    from mailtls.delivery.authentication import parse_authentication
    from mailtls.delivery.chain import Proof
    from mailtls.delivery.hosts import is_among

    chain = delivered.chain
    exchange = [
        step.hop.position
        for step in chain.steps
        if step.proof is Proof.RECORDED and step.hop and step.hop.software == "Exchange"
    ]
    for field in parse_authentication(delivered.arrived.header):
        if chain.boundary is not None and field.position > chain.boundary:
            continue
        nameless = not field.authority and any(field.position < below for below in exchange)
        if nameless or is_among(field.authority, delivered.globs):
            yield field


def _method(
    method: str, wanted: str, found: list[tuple[str, MethodResult]], delivered: Delivered
) -> Finding:
    name, key = _NAMES[method], f"expect.authentication.{method}"
    expected = f"{name}: {wanted}, by a host in `hosts`"
    signatures = delivered.arrived.signatures if method == "dkim" else ()
    said = [f"{authority}: {_shown(result)}" for authority, result in found]
    said += [_verified(signature) for signature in signatures]
    observed = "; ".join(said)
    results = {result.result for _, result in found} or _own_results(signatures)
    if wanted in results and (other := _contradicting(found, wanted)):
        disputed = silent(f"{name} is {wanted} for one host in `hosts`, and not for {other}")
        return replace(
            inconclusive(disputed, expected=expected, key=key),
            observed=observed,
            remedy=f"have the receiving host alone record {name}, or leave out of `hosts` those whose"
            " word shall not count (RFC 8601 section 2.5)",
        )
    if wanted in results:
        return passed(
            f"{name} says {wanted} (identity, not transport)",
            expected=expected,
            observed=observed,
            key=key,
        )
    if results:
        return failed(
            f"{name} says {', '.join(sorted(results))} (identity, not transport)",
            expected=expected,
            observed=observed,
            remedy=f"{_FIXES[method]}; or correct what the policy wants",
            key=key,
        )
    unknown = next((s.valid for s in signatures if isinstance(s.valid, Missing)), None)
    open_end = inconclusive(
        unknown or silent(f"no host in `hosts` recorded a result of {name}"),
        expected=expected,
        key=key,
    )
    remedy = f"have the receiving host check {name} and record it (RFC 8601): {_CHECKERS[method]}"
    return replace(open_end, remedy=remedy)


def _contradicting(found: list[tuple[str, MethodResult]], wanted: str) -> str:
    """Return a host that recorded results of the method and not the one wanted, "" where there is none.

    "none" contradicts nothing: that host did not look, as a submission server with its own senders.
    """
    by_host: dict[str, set[str]] = {}
    for authority, result in found:
        by_host.setdefault(authority, set()).add(result.result)
    return next(
        (
            authority
            for authority, said in by_host.items()
            if wanted not in said and said != {"none"}
        ),
        "",
    )


def _shown(result: MethodResult) -> str:
    wanted = ("header.d", "header.i", "header.from", "smtp.mailfrom")
    properties = " ".join(f"{name}={value}" for name, value in result.properties if name in wanted)
    return f"{result.method}={result.result} {properties}".strip()


def _verified(signature: Signature) -> str:
    if isinstance(signature.valid, Missing):
        word = "not verified"
    else:
        word = "valid" if signature.valid else "not valid"
    why = f" ({signature.detail})" if signature.detail else ""
    return f"verified here: {signature.domain} selector {signature.selector} {word}{why}"


def _own_results(signatures: tuple[Signature, ...]) -> set[str]:
    """Return what this program's own verification says, in the words of RFC 8601 section 2.7.1."""
    if any(signature.valid is True for signature in signatures):
        return {"pass"}
    return {"fail" for signature in signatures if signature.valid is False}


RULE = Rule(
    id="delivery-authentication",
    title="SPF, DKIM or DMARC of the delivery",
    summary="A trusted host recorded the wanted results of SPF, DKIM and DMARC for the test message.",
    needs=needs_nothing,
    across=across,
)
