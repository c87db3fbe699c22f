"""Whether one of the CAs the policy names issued the certificate."""

from __future__ import annotations

from collections.abc import Iterable

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
from mailtls.rules.issuing import issuing_path

_KEY = "certificate.issuer"


def check(view: TargetView) -> Iterable[Finding]:
    """Judge organisation and common name of every issuer on the way to the anchor."""
    wanted = view.endpoint.certificate.issuer
    if wanted is None:
        return
    expected = "issued by " + " or ".join(wanted)
    tls = view.served
    if isinstance(tls, Missing):
        yield inconclusive(tls, expected=expected, key=_KEY)
        return
    path = issuing_path(tls) or tls.chain[:1]
    names = tuple(dict.fromkeys(name for facts in path for name in facts.issuer_names))
    folded = {_fold(name) for name in names}
    observed = "issued by " + (", ".join(names) or "a CA without a name")
    if any(_fold(name) in folded for name in wanted):
        yield passed("the issuer is as declared", expected=expected, observed=observed, key=_KEY)
        return
    yield failed(
        "another CA issued the certificate",
        expected=expected,
        observed=observed,
        remedy="install the certificate of the declared CA, or name the new one in"
        " `certificate.issuer`; where nobody here ordered it, look into who did"
        " (issuer names: RFC 5280 section 4.1.2.4; who may issue: RFC 8659 section 4). "
        + servers.fix(view, servers.Topic.CERTIFICATE),
        key=_KEY,
    )


def _fold(name: str) -> str:
    # Case and runs of white space do not count in names (RFC 5280 section 7.1).
    return " ".join(name.casefold().split())


RULE = Rule(
    id="certificate-issuer",
    title="Certificate from another CA",
    summary="One of the CAs that the policy names issued the certificate.",
    needs=needs_session,
    check=check,
)
