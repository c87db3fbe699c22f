"""Whether the chain as sent is complete, in order, and without what does not belong to it."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import CertificateFacts, Missing, TlsFacts
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
from mailtls.rules.issuing import MISSING_ISSUER, NO_ANCHOR, PINNED, is_root, issuing_path
from mailtls.terms import Level

_KEY = "certificate.chain"


def check(view: TargetView) -> Iterable[Finding]:
    """Judge completeness at the endpoint's level, and untidiness as notes."""
    expected = "the leaf and every intermediate, in order"
    tls = view.served
    if isinstance(tls, Missing):
        yield inconclusive(tls, expected=expected, key=_KEY)
        return
    findings = [
        failed(
            message,
            expected=expected,
            observed=_sent(tls),
            remedy=remedy,
            key=_KEY,
            level=level,
        )
        for message, remedy, level in (*_incomplete(view, tls), *_untidy(view, tls))
    ]
    if not tls.path.judged and view.endpoint.certificate.trust.label != PINNED:
        findings.append(inconclusive(NO_ANCHOR, expected=expected, key=_KEY))
    yield from findings or (
        passed(
            "the chain is complete and in order", expected=expected, observed=_sent(tls), key=_KEY
        ),
    )


_PRIVATE = (
    "; where it is a private root, name it as `certificate.trust: FILE.pem` or with --ca-file"
)

_Fault = tuple[str, str, Level | None]


def _incomplete(view: TargetView, tls: TlsFacts) -> Iterable[_Fault]:
    if view.endpoint.certificate.trust.label == PINNED:
        return
    sent = {facts.sha256 for facts in tls.chain}
    path = issuing_path(tls)
    last = (path or tls.chain)[-1]
    # An anchor need not be sent (RFC 8446 4.4.2); any other member of the path must be.
    unsent = any(each not in sent for each in tls.path.verified[:-1])
    problem = tls.path.problem
    if unsent or (problem is not None and problem.code in MISSING_ISSUER and not is_root(last)):
        source = f" (from {last.issuer_urls[0]})" if last.issuer_urls else ""
        # A root that is not installed looks the same, and private ones name no place to fetch them.
        private = "" if source or tls.path.verified else _PRIVATE
        yield (
            f"the chain is incomplete: the issuer of {last.subject} is not sent: {last.issuer}",
            (
                f"send that intermediate{source} after the leaf (RFC 8446 section 4.4.2)."
                f" {servers.fix(view, servers.Topic.CERTIFICATE)}{private}"
            ),
            None,
        )


def _untidy(view: TargetView, tls: TlsFacts) -> Iterable[_Fault]:
    note = lighter(Level.NOTE, view.endpoint.level)
    install = servers.fix(view, servers.Topic.CERTIFICATE)
    path = issuing_path(tls)
    distinct = tuple({facts.sha256: facts for facts in tls.chain}.values())
    if len(distinct) < len(tls.chain):
        yield "a certificate is sent twice", f"send each certificate once. {install}", note
    roots = [facts for facts in distinct[1:] if is_root(facts)]
    for root in roots:
        yield (
            f"the chain holds a root, which clients have or distrust: {root.subject}",
            f"leave the root out (RFC 8446 section 4.4.2). {install}",
            note,
        )
    members = {facts.sha256 for facts in path}
    strangers = [f for f in distinct[1:] if f.sha256 not in members and f not in roots]
    for stranger in strangers:
        yield _stranger(stranger, path, install, note)
    served = [facts.sha256 for facts in distinct if facts.sha256 in members]
    if served != [facts.sha256 for facts in path]:
        yield (
            "the chain is out of order",
            (
                "send the leaf first, then each certificate before its issuer (RFC 5246 section 7.4.2;"
                f" RFC 8446 section 4.4.2 tolerates it). {install}"
            ),
            note,
        )


def _stranger(
    facts: CertificateFacts, path: tuple[CertificateFacts, ...], install: str, note: Level
) -> _Fault:
    twin = next((f for f in path if f.subject == facts.subject and f.key == facts.key), None)
    if twin is not None:
        return (
            (
                f"the chain holds a second certificate of the same CA, valid to"
                f" {facts.not_after:%Y-%m-%d}: {facts.subject}"
            ),
            f"leave out the one that is not needed; clients that choose it may fail. {install}",
            note,
        )
    return (
        f"the chain holds a certificate that does not belong to it: {facts.subject}",
        f"leave it out (RFC 8446 section 4.4.2). {install}",
        note,
    )


def _sent(tls: TlsFacts) -> str:
    return "sent: " + ", then ".join(facts.subject or "(no subject)" for facts in tls.chain)


RULE = Rule(
    id="certificate-chain",
    title="Certificate chain",
    summary="The chain as sent has every intermediate; order and extra certificates are notes.",
    needs=needs_session,
    check=check,
)
