"""Whether a certificate of each declared kind of key is served, and each of them is good."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import (
    AlertAnswer,
    CertificateFacts,
    ClosedAnswer,
    HelloEvidence,
    Missing,
    PathValidation,
    ServerAnswer,
    TlsFacts,
)
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import KindQuestion, Question
from mailtls.pure import pure
from mailtls.rules import servers
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    hello_question,
    inconclusive,
    passed,
)
from mailtls.rules.causes import behind
from mailtls.rules.control import (
    Modern,
    below_tls13,
    doubtful,
    needs_control,
    of_the_hello,
)
from mailtls.rules.path_problems import words
from mailtls.terms import Cause, Phase, TlsVersion
from mailtls.tls.identity import match
from mailtls.tls.offers import authenticated_by

_KEY = "certificate.algorithms"


@pure
class _Served:
    """The leaf of a kind of key, with the path of its chain where a hello of its own showed it."""

    leaf: CertificateFacts
    path: PathValidation | None = None


@pure
class _NotServed:
    """A refusal of this kind of key, in words."""

    why: str


def needs(endpoint: Endpoint, profile: Profile) -> Iterable[Question]:
    """Return the need of the session, the control, and the kinds that the session does not show."""
    if endpoint.certificate.algorithms:
        yield from needs_control(endpoint, profile)
        for kind in endpoint.certificate.algorithms:
            yield _question(endpoint, kind)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge each declared kind on its own."""
    kinds = view.endpoint.certificate.algorithms
    if not kinds:
        return
    control = view.tls
    for kind in kinds:
        expected = f"a good certificate with an {kind.upper()} key"
        found = control if isinstance(control, Missing) else _leaf(view, control, kind)
        question = _question(view.endpoint, kind)
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


def _question(endpoint: Endpoint, kind: str) -> KindQuestion:
    return KindQuestion(
        kind=kind,
        hello=hello_question(endpoint, authenticated_by(kind.upper())),
        anchors=endpoint.certificate.trust,
    )


def _hello(view: TargetView, kind: str) -> HelloEvidence | Missing:
    evidence = view.ask(_question(view.endpoint, kind))
    assert isinstance(evidence, HelloEvidence | Missing)
    return evidence if isinstance(evidence, HelloEvidence) else behind(evidence)


def _leaf(view: TargetView, control: TlsFacts, kind: str) -> _Served | _NotServed | Missing:
    """Return the leaf of a kind of key: from the session where that had it, or from the hello."""
    if control.chain and control.chain[0].key.kind == kind:
        # Whether this one is trusted is what certificate-trust says.
        return _Served(leaf=control.chain[0])
    evidence = _hello(view, kind)
    if isinstance(evidence, Missing):
        return evidence
    match evidence.answer:
        case ServerAnswer(certificates=(first, *_)):
            from mailtls.tls.certificates import parse

            return _Served(leaf=parse(first), path=evidence.path)
    if control.version >= TlsVersion.TLS1_3:
        # A refusal says something of the kind only where TLS 1.2 is spoken at all.
        match below_tls13(view):
            case Missing() as missing:
                return missing
            case Modern():
                return Missing(
                    phase=Phase.HANDSHAKE,
                    cause=Cause.PREREQUISITE,
                    detail="the server speaks TLS 1.3 alone, where a raw hello does not show"
                    " certificates",
                )
    match evidence.answer:
        case AlertAnswer(name=name) as answer:
            complaint = of_the_hello(_question(view.endpoint, kind).hello.offer, answer)
            return (
                complaint
                or doubtful(view, answer)
                or _NotServed(why=f"refused with the alert {name}")
            )
        case ClosedAnswer() as closed:
            return doubtful(view, closed) or _NotServed(why="refused without an alert")
        case _:
            return _NotServed(why="answered without a certificate")


def _judge(
    view: TargetView, served: _Served, kind: str, expected: str, question: Question
) -> Finding:
    identity, leaf = view.endpoint.identity, served.leaf
    faults = list(_untrusted(served.path))
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


def _untrusted(path: PathValidation | None) -> Iterable[str]:
    """Yield what keeps a chain from an anchor; the leaf's own dates are told apart from that."""
    if path is None:
        return
    if path.problem is not None:
        yield words(path.problem)[0]
    elif path.time_problem is not None and path.time_problem.depth > 0:
        yield f"a CA certificate of its chain is outside its validity: {path.time_problem.subject}"


RULE = Rule(
    id="certificate-algorithms",
    title="Kind of certificate missing",
    summary="A certificate of each kind of key that the policy names is served, and is good.",
    needs=needs,
    check=check,
)
