"""Whether the leaf is valid now and for the days the policy wants."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from mailtls.evidence import Missing
from mailtls.policy.model import CertificateExpectation
from mailtls.rules import servers
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    needs_session,
    passed,
)

DEFAULT_DAYS = 14
"""Days that have to be left where the policy says nothing (docs/rules/certificate-expiry.md)."""

_KEY = "certificate.days_left"
_SHARE_KEY = "certificate.lifetime_left"


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the leaf's dates against the clock of the run."""
    demand = view.endpoint.certificate
    expected = f"valid now, and at least {_words(demand)} left"
    tls = view.served
    if isinstance(tls, Missing):
        key = _SHARE_KEY if demand.lifetime_left and demand.days_left is None else _KEY
        yield inconclusive(tls, expected=expected, key=key)
        return
    leaf = tls.chain[0]
    # A certificate counts in whole seconds, and the last one belongs to it (RFC 5280 4.1.2.5).
    now = view.now.replace(microsecond=0)
    left = leaf.not_after - now
    least, key = _least(demand, leaf.not_after - leaf.not_before)
    dates = f"valid from {_iso(leaf.not_before)} to {_iso(leaf.not_after)}"
    if now < leaf.not_before:
        message = "the certificate is not valid yet"
    elif now > leaf.not_after:
        message = f"the certificate expired {_days(-left)} ago"
    elif left < least:
        message = f"the certificate expires in {_days(left)}"
    else:
        yield passed(f"{_days(left)} left", expected=expected, observed=dates, key=key)
        return
    yield failed(
        message,
        expected=expected,
        observed=dates,
        remedy="renew it, and make the server load the new one; where the file is new already, only"
        " the reload is missing (validity: RFC 5280 section 4.1.2.5). "
        + servers.fix(view, servers.Topic.CERTIFICATE),
        key=key,
    )


def _least(demand: CertificateExpectation, lifetime: timedelta) -> tuple[timedelta, str]:
    """Return the time that has to be left, and the key that asks for the most."""
    asked = [] if demand.days_left is None else [(timedelta(days=demand.days_left), _KEY)]
    if demand.lifetime_left is not None:
        asked.append((lifetime * demand.lifetime_left / 100, _SHARE_KEY))
    return max(asked, default=(timedelta(days=DEFAULT_DAYS), _KEY))


def _words(demand: CertificateExpectation) -> str:
    share = demand.lifetime_left
    days = DEFAULT_DAYS if demand.days_left is None and share is None else demand.days_left
    words = [] if days is None else [_days(timedelta(days=days))]
    return " and ".join(words + ([f"{share}% of its lifetime"] if share is not None else []))


def _days(span: timedelta) -> str:
    whole = span // timedelta(days=1)
    return f"{whole} day" if whole == 1 else f"{whole} days"


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


RULE = Rule(
    id="certificate-expiry",
    title="Certificate expiry",
    summary="The certificate is valid now and for the number of days the policy wants.",
    needs=needs_session,
    check=check,
)
