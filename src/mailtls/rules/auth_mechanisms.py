"""Whether the SASL mechanisms offered after TLS are those the policy names."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import Missing
from mailtls.rules.base import Finding, Rule, TargetView, needs_session
from mailtls.rules.offers import after_tls, judge_offers

_REMEDY = (
    "change the list at the server (Dovecot: `auth_mechanisms`; Postfix: that of the SASL service behind"
    " it; Exim: its authenticators; Cyrus: `sasl_mech_list`), or in `auth`"
    " (mechanisms: RFC 4422 section 3.1; SMTP: RFC 4954 section 3)"
)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the mechanisms listed inside TLS, in whatever form the protocol lists them."""
    after = after_tls(view)
    names = after if isinstance(after, Missing) else after.mechanisms
    yield from judge_offers(
        view.endpoint.auth, names, key="auth", noun="mechanisms", remedy=_REMEDY
    )


RULE = Rule(
    id="auth-mechanisms",
    title="Other login mechanisms",
    summary="After TLS the declared SASL mechanisms are offered, and none that is forbidden.",
    needs=needs_session,
    check=check,
)
