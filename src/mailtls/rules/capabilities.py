"""Whether the capabilities offered after TLS are those the policy names."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.rules.base import Finding, Rule, TargetView, needs_session
from mailtls.rules.offers import after_tls, judge_offers

_REMEDY = (
    "turn them on or off at the server (Postfix: `smtpd_discard_ehlo_keywords`; Dovecot:"
    " `imap_capability`; Exim: the `*_advertise_hosts` options), or change `capabilities`"
    " (registries: RFC 5321 section 2.2.2, RFC 9051 section 12.1)"
)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the names listed inside TLS; parameters, as the number behind SIZE, are not compared."""
    yield from judge_offers(
        view.endpoint.capabilities,
        after_tls(view),
        key="capabilities",
        noun="capabilities",
        remedy=_REMEDY,
    )


RULE = Rule(
    id="capabilities",
    title="Other capabilities",
    summary="After TLS the declared capabilities are offered, and none that is forbidden.",
    needs=needs_session,
    check=check,
)
