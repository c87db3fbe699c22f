"""Whether a path leads from the certificate to a trust anchor, and what to do where none does."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import Missing, PathProblem, TlsFacts
from mailtls.rules import servers
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    lighter,
    needs_session,
    not_applicable,
    passed,
)
from mailtls.rules.issuing import MISSING_ISSUER, NO_ANCHOR, PINNED, SYSTEM, issuing_path
from mailtls.rules.path_problems import EXPIRED, words
from mailtls.terms import Level

_KEY = "certificate.trust"


def check(view: TargetView) -> Iterable[Finding]:
    """Judge OpenSSL's path; the leaf's own dates are left to certificate-expiry."""
    trust = view.endpoint.certificate.trust
    if trust.label == PINNED and view.endpoint.certificate.pins:
        yield not_applicable("trust is by pin: certificate-pin judges it", key=_KEY)
        return
    store = "the system's store" if trust.label == SYSTEM else trust.label
    expected = f"a path to a trust anchor of {store}"
    tls = view.served
    if isinstance(tls, Missing):
        yield inconclusive(tls, expected=expected, key=_KEY)
    elif trust.label == PINNED:
        yield failed(
            "trust is by pin, and the policy pins no key",
            expected="`certificate.pins` beside `trust: pinned`",
            observed=f"the leaf's key is sha256:{tls.chain[0].key.spki_sha256}",
            remedy="write that value under `certificate.pins` after checking it by another way,"
            " or take out `trust: pinned` (pins: RFC 7469 section 2.4)",
            key=_KEY,
        )
    elif not tls.path.judged:
        yield inconclusive(NO_ANCHOR, expected=expected, key=_KEY)
    elif tls.path.problem is not None:
        yield _untrusted(view, tls, tls.path.problem, expected)
    elif tls.path.time_problem is not None and tls.path.time_problem.depth > 0:
        yield _expired_issuer(view, tls, tls.path.time_problem, expected)
    elif tls.path.web_pki:
        yield _stricter(view, tls, expected)
    else:
        yield passed("a path to a trust anchor was found", expected=expected, key=_KEY)


def _untrusted(view: TargetView, tls: TlsFacts, problem: PathProblem, expected: str) -> Finding:
    if problem.code in MISSING_ISSUER:
        message, remedy = _missing_issuer(view, tls)
    else:
        message, mending = words(problem)
        remedy = f"{mending}. {servers.fix(view, servers.Topic.CERTIFICATE)}"
    return failed(
        message,
        expected=expected,
        observed=f"OpenSSL error {problem.code} at depth {problem.depth}: {problem.text}"
        f" ({problem.subject})",
        remedy=f"{remedy} (path validation: RFC 5280 section 6)",
        key=_KEY,
    )


def _missing_issuer(view: TargetView, tls: TlsFacts) -> tuple[str, str]:
    last = (issuing_path(tls) or tls.chain)[-1]
    message = f"the issuer of {last.subject} is neither sent nor a trust anchor: {last.issuer}"
    source = f" (from {last.issuer_urls[0]})" if last.issuer_urls else ""
    install = servers.fix(view, servers.Topic.CERTIFICATE)
    return (
        message,
        (
            f"send the missing intermediate{source}: {install}; where the issuer is a private root,"
            " name it as `certificate.trust: FILE.pem` or with --ca-file"
        ),
    )


def _expired_issuer(
    view: TargetView, tls: TlsFacts, problem: PathProblem, expected: str
) -> Finding:
    which = next((each for each in tls.chain if each.subject == problem.subject), None)
    state = "has expired" if problem.code == EXPIRED else "is not valid yet"
    dates = f"; valid {which.not_before:%Y-%m-%d} to {which.not_after:%Y-%m-%d}" if which else ""
    source = f" (from {tls.chain[0].issuer_urls[0]})" if tls.chain[0].issuer_urls else ""
    return failed(
        f"a CA certificate of the chain {state}: {problem.subject}",
        expected=expected,
        observed=f"OpenSSL error {problem.code} at depth {problem.depth}: {problem.text}{dates}",
        remedy=f"replace the intermediates with those the CA hands out now{source} (validity: RFC"
        f" 5280 section 4.1.2.5). {servers.fix(view, servers.Topic.CERTIFICATE)}",
        key=_KEY,
    )


def _stricter(view: TargetView, tls: TlsFacts, expected: str) -> Finding:
    return failed(
        f"stricter clients refuse the certificate: {tls.path.web_pki}",
        expected=expected,
        observed="OpenSSL, and so most mail clients, finds a path; a verifier that holds it to the"
        f" profile of the web PKI does not: {tls.path.web_pki}",
        remedy="have it issued by a CA and profile that keep RFC 5280 section 4.2 and the CA/Browser"
        f" Forum's TLS BR section 7.1. {servers.fix(view, servers.Topic.CERTIFICATE)}",
        key=_KEY,
        level=lighter(Level.NOTE, view.endpoint.level),
    )


RULE = Rule(
    id="certificate-trust",
    title="Certificate not trusted",
    summary="A path leads from the certificate to a trust anchor.",
    needs=needs_session,
    check=check,
)
