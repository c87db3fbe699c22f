"""Whether the leaf is valid for no longer than the policy, or the CA/Browser Forum, allows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from mailtls.evidence import CertificateFacts, Missing, TlsFacts
from mailtls.policy.model import CA_BROWSER_FORUM
from mailtls.rules import servers
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    needs_session,
    not_applicable,
    passed,
)

_KEY = "certificate.max_lifetime"
_SYSTEM = "system"

LIMITS = (
    (datetime(2029, 3, 15, tzinfo=UTC), 47),
    (datetime(2027, 3, 15, tzinfo=UTC), 100),
    (datetime(2026, 3, 15, tzinfo=UTC), 200),
)
"""First notBefore and most days: CA/Browser Forum TLS Baseline Requirements section 6.3.2."""

BEFORE = 398
"""Most days of what was issued before the first of `LIMITS`."""


def forum_limit(not_before: datetime) -> int:
    """Return the most days that a public CA may give a certificate issued at `not_before`."""
    return next((days for start, days in LIMITS if not_before >= start), BEFORE)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the whole lifetime of the leaf, whatever is left of it."""
    limit = view.endpoint.certificate.max_lifetime
    if limit is None:
        return
    tls = view.served
    if isinstance(tls, Missing):
        yield inconclusive(tls, expected=f"a lifetime of at most {_words(limit)}", key=_KEY)
        return
    leaf = tls.chain[0]
    if limit == CA_BROWSER_FORUM:
        if not _is_public(tls):
            reason = "the limits of the CA/Browser Forum are for certificates of public CAs"
            yield not_applicable(reason, key=_KEY)
            return
        days, source = forum_limit(leaf.not_before), "CA/Browser Forum TLS BR section 6.3.2"
    else:
        days, source = int(limit), "certificate.max_lifetime"
    yield _judge(view, leaf, days, source)


def _is_public(tls: TlsFacts) -> bool:
    path = tls.path
    return path.anchors == _SYSTEM and bool(path.verified) and not path.extra_anchor


def _judge(view: TargetView, leaf: CertificateFacts, days: int, source: str) -> Finding:
    # Both ends count (RFC 5280 section 4.1.2.5): 24 hours are one second less in the certificate.
    lifetime = leaf.not_after - leaf.not_before + timedelta(seconds=1)
    expected = f"a lifetime of at most {days} days ({source})"
    shown = f"{-(-lifetime // timedelta(days=1))} days"
    observed = f"{shown}: {leaf.not_before:%Y-%m-%d} to {leaf.not_after:%Y-%m-%d}"
    if lifetime <= timedelta(days=days):
        return passed(f"its lifetime is {shown}", expected=expected, observed=observed, key=_KEY)
    return failed(
        f"the certificate's lifetime is {shown}, over {days}",
        expected=expected,
        observed=observed,
        remedy="have it issued again for a shorter time, by an ACME client that renews by itself"
        f" (RFC 8555 section 1). {servers.fix(view, servers.Topic.CERTIFICATE)}",
        key=_KEY,
    )


def _words(limit: int | str) -> str:
    return f"{limit} days" if isinstance(limit, int) else "what the CA/Browser Forum allows"


RULE = Rule(
    id="certificate-lifetime",
    title="Certificate lifetime too long",
    summary="The certificate is valid for no longer than the policy or the CA/B Forum allows.",
    needs=needs_session,
    check=check,
)
