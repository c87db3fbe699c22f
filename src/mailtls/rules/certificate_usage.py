"""Whether the leaf may be used as a TLS server's certificate: its key usage and its purposes."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import CertificateFacts, Missing
from mailtls.rules import servers
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    lighter,
    needs_session,
    passed,
)
from mailtls.terms import Cause, Level, Phase

_EXPECTED = "a certificate for TLS servers that may sign handshakes"
_Fault = tuple[str, str, Level | None]


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the leaf's extensions; those of its issuers are a matter of the path."""
    tls = view.served
    if isinstance(tls, Missing):
        yield inconclusive(tls, expected=_EXPECTED)
        return
    leaf = tls.chain[0]
    unread = next((each for each in leaf.problems if each.startswith(_UNREAD)), None)
    if unread is not None:
        missing = Missing(
            phase=Phase.HANDSHAKE,
            cause=Cause.MALFORMED,
            detail="the certificate's extensions could not be read",
        )
        yield inconclusive(missing, expected=_EXPECTED)
        return
    observed = _observed(leaf)
    faults = list(_faults(view, leaf))
    for message, source, level in faults:
        yield failed(
            message,
            expected=_EXPECTED,
            observed=observed,
            remedy=f"have a certificate issued with a profile for TLS servers ({source})."
            f" {servers.fix(view, servers.Topic.CERTIFICATE)}",
            level=level,
        )
    if not faults:
        yield passed(
            "the certificate may be used by a TLS server", expected=_EXPECTED, observed=observed
        )


_UNREAD = ("certificate:", "extensions:")


def _faults(view: TargetView, leaf: CertificateFacts) -> Iterable[_Fault]:
    if leaf.extended_key_usage and "serverAuth" not in leaf.extended_key_usage:
        # OpenSSL's purpose check does not take anyExtendedKeyUsage for serverAuth.
        yield (
            "the certificate is not for TLS servers: serverAuth is not among its purposes",
            "RFC 5280 section 4.2.1.12",
            None,
        )
    if leaf.key_usage and "digitalSignature" not in leaf.key_usage:
        yield (
            "the certificate's key must not sign, which every handshake with forward secrecy needs",
            "RFC 8446 section 4.4.2.2",
            None,
        )
    if leaf.is_ca:
        yield (
            "the server's certificate is a CA certificate",
            "RFC 5280 section 4.2.1.9",
            lighter(Level.WARNING, view.endpoint.level),
        )


def _observed(leaf: CertificateFacts) -> str:
    usage = ", ".join(leaf.key_usage) or "not limited"
    purposes = ", ".join(leaf.extended_key_usage) or "not limited"
    kind = "a CA" if leaf.is_ca else "not a CA"
    return f"key usage: {usage}; purposes: {purposes}; {kind}"


RULE = Rule(
    id="certificate-usage",
    title="Certificate not for this use",
    summary="The certificate's key usage and purposes allow a TLS server.",
    needs=needs_session,
    check=check,
)
