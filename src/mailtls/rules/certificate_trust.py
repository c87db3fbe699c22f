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
    needs_session,
    not_applicable,
    passed,
)
from mailtls.rules.issuing import MISSING_ISSUER, NO_ANCHOR, PINNED, SYSTEM, issuing_path

_KEY = "certificate.trust"
_SELF_SIGNED = 18
_UNKNOWN_ROOT = 19
_EXPLAINED = {
    _SELF_SIGNED: "the certificate is self-signed and is not itself a trust anchor",
    _UNKNOWN_ROOT: "the chain ends in a root that is not a trust anchor",
    7: "a signature in the chain does not verify",
    22: "the chain is longer than OpenSSL follows",
    23: "a certificate in the chain is revoked",
    24: "an issuer in the chain is not a CA certificate",
    25: "the chain is longer than a CA in it allows",
    26: "the certificate is not meant for TLS servers",
    27: "the root is not trusted for TLS servers",
    28: "the root is marked as rejected",
    47: "a name lies outside what a CA in the chain may certify",
    48: "a name is among those a CA in the chain must not certify",
    66: "the key of the certificate is too weak",
    67: "the key of a CA in the chain is too weak",
    68: "a signature in the chain uses a hash that is too weak",
    79: "an issuer in the chain is not a valid CA certificate",
}


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
        yield _expired_issuer(view, tls.path.time_problem, expected)
    else:
        yield passed("a path to a trust anchor was found", expected=expected, key=_KEY)


def _untrusted(view: TargetView, tls: TlsFacts, problem: PathProblem, expected: str) -> Finding:
    if problem.code in MISSING_ISSUER:
        message, remedy = _missing_issuer(view, tls)
    else:
        message = _EXPLAINED.get(problem.code, "no path to a trust anchor was found")
        remedy = _mend(view, problem)
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


def _mend(view: TargetView, problem: PathProblem) -> str:
    if problem.code in {_SELF_SIGNED, _UNKNOWN_ROOT}:
        return (
            "install a certificate of a CA that clients trust, or where clients know this one"
            " write `certificate.trust: FILE.pem` or use --ca-file, or pin it with"
            f" `trust: pinned`. {servers.fix(view, servers.Topic.CERTIFICATE)}"
        )
    return (
        "have a certificate issued that clients accept, and install it with its chain."
        f" {servers.fix(view, servers.Topic.CERTIFICATE)}"
    )


def _expired_issuer(view: TargetView, problem: PathProblem, expected: str) -> Finding:
    return failed(
        f"a CA certificate of the chain is outside its validity: {problem.subject}",
        expected=expected,
        observed=f"OpenSSL error {problem.code} at depth {problem.depth}: {problem.text}",
        remedy="replace the intermediates with those the CA hands out now (validity: RFC 5280"
        f" section 4.1.2.5). {servers.fix(view, servers.Topic.CERTIFICATE)}",
        key=_KEY,
    )


RULE = Rule(
    id="certificate-trust",
    title="Certificate not trusted",
    summary="A path leads from the certificate to a trust anchor.",
    needs=needs_session,
    check=check,
)
