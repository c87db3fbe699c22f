"""Whether a certificate of each declared kind of key is served, and each of them is good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailtls.evidence import (
    AlertAnswer,
    CertificateFacts,
    ClosedAnswer,
    Missing,
    ServerAnswer,
    TlsFacts,
)
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import Offer, Question
from mailtls.rules import servers
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    hello_question,
    inconclusive,
    passed,
    session_question,
)
from mailtls.terms import Cause, Phase, TlsVersion
from mailtls.tls.identity import match
from mailtls.tls.offers import authenticated_by

_KEY = "certificate.algorithms"


@dataclass(frozen=True, slots=True, kw_only=True)
class _NotServed:
    """A refusal of this kind of key, in words."""

    why: str


def needs(endpoint: Endpoint, _profile: Profile) -> Iterable[Question]:
    """Return the need of the session as the control, and of one hello for each declared kind."""
    if endpoint.certificate.algorithms:
        yield session_question(endpoint)
        for kind in endpoint.certificate.algorithms:
            yield hello_question(endpoint, _offer(kind))


def check(view: TargetView) -> Iterable[Finding]:
    """Judge each declared kind on its own."""
    kinds = view.endpoint.certificate.algorithms
    if not kinds:
        return
    control = view.tls
    for kind in kinds:
        expected = f"a good certificate with an {kind.upper()} key"
        found = control if isinstance(control, Missing) else _leaf(view, control, kind)
        question = hello_question(view.endpoint, _offer(kind))
        if isinstance(found, Missing):
            yield inconclusive(found, expected=expected, key=_KEY, question=question)
        elif isinstance(found, _NotServed):
            yield failed(
                f"no certificate with an {kind.upper()} key is served",
                expected=expected,
                observed=found.why,
                remedy="install a second certificate (Postfix: two files in `smtpd_tls_chain_files`;"
                " Dovecot: `ssl_alt_cert` and `ssl_alt_key`; Exim: two in `tls_certificate`), or"
                " take the kind out of `algorithms` (suites of both kinds: RFC 9325 section 4.2)",
                key=_KEY,
                question=question,
            )
        else:
            yield _judge(view, found, kind, expected, question)


def _offer(kind: str) -> Offer:
    return authenticated_by(kind.upper())


def _leaf(
    view: TargetView, control: TlsFacts, kind: str
) -> CertificateFacts | _NotServed | Missing:
    """Return the leaf of a kind of key: from the hello, or from the session where that had it."""
    evidence = view.hello(_offer(kind))
    if not isinstance(evidence, Missing):
        match evidence.answer:
            case ServerAnswer(certificates=(first, *_)):
                from mailtls.tls.certificates import parse

                return parse(first)
    if control.chain and control.chain[0].key.kind == kind:
        return control.chain[0]
    if isinstance(evidence, Missing):
        return evidence
    if control.version == TlsVersion.TLS1_3 and not _speaks_below(view):
        return Missing(
            phase=Phase.HANDSHAKE,
            cause=Cause.PREREQUISITE,
            detail="the server speaks TLS 1.3 alone, where a raw hello does not show certificates",
        )
    match evidence.answer:
        case AlertAnswer(name=name):
            return _NotServed(why=f"refused with the alert {name}")
        case ClosedAnswer():
            return _NotServed(why="the connection was closed on such a hello")
        case _:
            return _NotServed(why="answered without a certificate")


def _speaks_below(view: TargetView) -> bool:
    """Return whether a hello for another kind was answered: TLS 1.2 or below is then spoken."""
    answers = (view.hello(_offer(kind)) for kind in view.endpoint.certificate.algorithms or ())
    return any(
        not isinstance(each, Missing) and isinstance(each.answer, ServerAnswer) for each in answers
    )


def _judge(
    view: TargetView, leaf: CertificateFacts, kind: str, expected: str, question: Question
) -> Finding:
    identity = view.endpoint.identity
    faults = []
    if leaf.key.kind != kind:
        faults.append(f"its key is {leaf.key.kind}")
    if view.now < leaf.not_before:
        faults.append("it is not valid yet")
    if view.now > leaf.not_after:
        faults.append(f"it expired on {leaf.not_after:%Y-%m-%d}")
    if not match(identity, leaf).matched:
        faults.append(f"it does not cover {identity}")
    observed = f"{leaf.subject or '(no subject)'} until {leaf.not_after:%Y-%m-%d}"
    if not faults:
        return passed(
            f"a certificate with an {kind.upper()} key is served",
            expected=expected,
            observed=observed,
            key=_KEY,
        )
    return failed(
        f"the certificate for {kind.upper()} is not good: {'; '.join(faults)}",
        expected=expected,
        observed=observed,
        remedy="renew and install both certificates together (validity: RFC 5280 section 4.1.2.5)."
        f" {servers.fix(view, servers.Topic.CERTIFICATE)}",
        key=_KEY,
        question=question,
    )


RULE = Rule(
    id="certificate-algorithms",
    title="Kind of certificate missing",
    summary="A certificate of each kind of key that the policy names is served, and is good.",
    needs=needs,
    check=check,
)
