"""Whether the certificate covers the identity and every further name of the policy (RFC 9525)."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import (
    CertificateFacts,
    HandshakeRefused,
    HelloEvidence,
    Missing,
    ServerAnswer,
    SessionEvidence,
)
from mailtls.rules import servers
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    needs_session,
    passed,
    server_name,
)
from mailtls.rules.causes import UNRECOGNIZED_NAME
from mailtls.rules.control import control_question
from mailtls.terms import Cause, Phase
from mailtls.tls.extensions import ExtensionType
from mailtls.tls.identity import Match, match, match_service

_SHOWN = 10
"""Presented identifiers named in a message; a certificate may have thousands."""


def check(view: TargetView) -> Iterable[Finding]:
    """Judge each reference identifier on its own."""
    endpoint = view.endpoint
    names = endpoint.certificate.names or ()
    references = tuple(dict.fromkeys((endpoint.identity, *names)))
    expected = "a certificate for " + ", ".join(references)
    session = view.session
    match session:
        case SessionEvidence(tls=HandshakeRefused(alert=alert)) if alert == UNRECOGNIZED_NAME:
            yield _unknown(view)
            return
    tls = view.served
    if isinstance(tls, Missing):
        yield inconclusive(tls, expected=expected, key=_key(view, endpoint.identity))
        return
    findings = [
        _judge(view, result)
        for result in (_match(reference, tls.chain[0]) for reference in references)
        if not result.matched
    ]
    if findings:
        yield from findings
        return
    yield passed(
        "the certificate covers every name",
        expected=expected,
        observed=match(endpoint.identity, tls.chain[0]).matched,
        key=_key(view, endpoint.identity),
    )


def _match(reference: str, leaf: CertificateFacts) -> Match:
    """Compare a name or an address, or as _imaps.example.org a service of a domain (RFC 4985)."""
    if reference.startswith("_"):
        service, _, domain = reference[1:].partition(".")
        return match_service(service, domain, leaf)
    return match(reference, leaf)


def _unknown(view: TargetView) -> Finding:
    identity = view.endpoint.identity
    return failed(
        f"the server has no certificate for {identity}, and refuses the handshake for it",
        expected=f"a certificate for {identity}",
        observed="the alert unrecognized_name in answer to the server name (SNI)",
        remedy=f"give the server a certificate for {identity} (Postfix `tls_server_sni_maps`,"
        " Dovecot `local_name`), or where another name is the right one correct `identity` or"
        " `host` (server_name: RFC 6066 section 3)",
        key=_key(view, identity),
    )


def _chosen_by_name(view: TargetView) -> bool:
    """Return whether the server, as far as it was asked, says that it heeds the name (RFC 6066 3)."""
    evidence = view.ask(control_question(view.endpoint, view.profile))
    match evidence:
        case HelloEvidence(answer=ServerAnswer(extensions=extensions)):
            return ExtensionType.SERVER_NAME in extensions
        case _:
            return True


def _judge(view: TargetView, result: Match) -> Finding:
    key = _key(view, result.reference)
    expected = f"a certificate for {result.reference}"
    if result.incomplete:
        unread = Missing(
            phase=Phase.HANDSHAKE,
            cause=Cause.MALFORMED,
            detail="the certificate has names that could not be read",
        )
        return inconclusive(unread, expected=expected, key=key)
    shown = ", ".join(result.presented[:_SHOWN]) or "no subject alternative name"
    more = len(result.presented) - _SHOWN
    reasons = [f"{each.identifier}: {each.why.value}" for each in result.rejected[:_SHOWN]]
    if result.common_name_only:
        reasons.append("only the common name matches, which clients ignore (RFC 9525 section 2)")
    if not server_name(view.endpoint):
        reasons.append("no server name (SNI) is sent for an address (RFC 6066 section 3)")
    elif not _chosen_by_name(view):
        reasons.append("the server did not acknowledge the server name (SNI; RFC 6066 section 3)")
    return failed(
        f"the certificate does not cover {result.reference}",
        expected=expected,
        observed="; ".join([shown + (f" and {more} more" if more > 0 else ""), *reasons]),
        remedy=f"have {result.reference} added as a subject alternative name, or where another name"
        " is the right one correct `identity` or `host` (matching: RFC 9525 section 6). "
        + servers.fix(view, servers.Topic.CERTIFICATE),
        key=key,
    )


def _key(view: TargetView, reference: str) -> str:
    endpoint = view.endpoint
    if reference != endpoint.identity:
        return "certificate.names"
    return "identity" if "identity" in endpoint.written else "host"


RULE = Rule(
    id="certificate-name",
    title="Certificate for another name",
    summary="The certificate's subject alternative names cover the identity and the policy's names.",
    needs=needs_session,
    check=check,
)
