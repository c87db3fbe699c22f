"""Whether the leaf is valid now and for the days the policy wants."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from mailtls.evidence import Missing
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


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the leaf's dates against the clock of the run."""
    wanted = view.endpoint.certificate.days_left
    days = DEFAULT_DAYS if wanted is None else wanted
    expected = f"valid now, and at least {_days(timedelta(days=days))} left"
    tls = view.served
    if isinstance(tls, Missing):
        yield inconclusive(tls, expected=expected, key=_KEY)
        return
    leaf = tls.chain[0]
    left = leaf.not_after - view.now
    dates = f"valid from {_iso(leaf.not_before)} to {_iso(leaf.not_after)}"
    if view.now < leaf.not_before:
        message = "the certificate is not valid yet"
    elif view.now > leaf.not_after:
        message = f"the certificate expired {_days(-left)} ago"
    elif left < timedelta(days=days):
        message = f"the certificate expires in {_days(left)}"
    else:
        yield passed(f"{_days(left)} left", expected=expected, observed=dates, key=_KEY)
        return
    yield failed(
        message,
        expected=expected,
        observed=dates,
        remedy="renew it, and make the server load the new one; where the file is new already, only"
        " the reload is missing (validity: RFC 5280 section 4.1.2.5). "
        + servers.fix(view, servers.Topic.CERTIFICATE),
        key=_KEY,
    )


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
