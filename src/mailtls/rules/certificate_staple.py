"""Whether a good OCSP response is stapled, where the policy or the certificate itself asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from mailtls.evidence import Missing, TlsFacts
from mailtls.revocations import Status
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
from mailtls.terms import Cause, Phase

_KEY = "certificate.staple"
_EXPECTED = "a stapled OCSP response: good, current, signed for the issuer"
_SKEW = timedelta(minutes=5)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the staple; a must-staple certificate (RFC 7633) asks for it without the policy."""
    wanted = view.endpoint.certificate.staple
    tls = view.served
    if isinstance(tls, Missing):
        if wanted:
            yield inconclusive(tls, expected=_EXPECTED, key=_KEY)
        return
    if not (wanted or tls.chain[0].must_staple):
        return
    if not tls.staple:
        yield _none(must=tls.chain[0].must_staple)
        return
    from mailtls.tls.ocsp import read

    issuer = next(iter(issuing_path(tls)[1:2]), None)
    answer = read(tls.staple, tls.chain[0].der, issuer.der if issuer else None, view.now)
    if isinstance(answer, str):
        yield _bad(view, answer, answer)
        return
    yield _judge(view, tls, answer)


def _none(*, must: bool) -> Finding:
    return failed(
        "no OCSP response is stapled, which the certificate demands (must-staple)"
        if must
        else "no OCSP response is stapled",
        expected=_EXPECTED,
        observed="no staple",
        remedy="let the server staple (Exim: `tls_ocsp_file`; Postfix and Dovecot cannot), or have"
        " the certificate issued without must-staple (RFC 7633 section 4.2.3)",
        key=_KEY,
    )


def _judge(view: TargetView, tls: TlsFacts, answer: Status) -> Finding:
    until = "newer at any time" if answer.next_update is None else _iso(answer.next_update)
    observed = f"{answer.status}, of {_iso(answer.this_update)} until {until}"
    if answer.signed is False:
        return _bad(view, "the stapled response is not signed for the issuer", observed)
    if answer.status != "good":
        return _bad(view, f"the stapled response says {answer.status}", observed)
    if answer.this_update > view.now + _SKEW:
        return _bad(view, "the stapled response is of the future", observed)
    if answer.next_update is not None and answer.next_update < view.now:
        return _bad(view, "the stapled response is out of date", observed)
    if answer.signed is None:
        unknown = Missing(
            phase=Phase.HANDSHAKE,
            cause=Cause.PREREQUISITE,
            detail=f"the issuer of {tls.chain[0].subject} is not sent, so that the signature of the"
            " response cannot be checked",
        )
        return inconclusive(unknown, expected=_EXPECTED, key=_KEY)
    return passed("a good response is stapled", expected=_EXPECTED, observed=observed, key=_KEY)


def _bad(view: TargetView, message: str, observed: str) -> Finding:
    return failed(
        message,
        expected=_EXPECTED,
        observed=observed,
        remedy="fetch a new response from the CA's responder and keep fetching it; where the"
        " certificate is revoked, replace it at once (acceptance of responses: RFC 6960 section 3.2)."
        f" {servers.fix(view, servers.Topic.CERTIFICATE)}",
        key=_KEY,
    )


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


RULE = Rule(
    id="certificate-staple",
    title="OCSP staple",
    summary="A good OCSP response is stapled where the policy or the certificate asks for it.",
    needs=needs_session,
    check=check,
)
