"""Which cipher suites the server accepts beyond those it should."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import Missing, ServerAnswer, TlsFacts
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import Question
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
from mailtls.rules.control import Modern, below_tls13, control_question, refused
from mailtls.rules.demands import demand_of, hellos
from mailtls.rules.grades import Weight, suite_hellos, suite_weights
from mailtls.terms import Level
from mailtls.tls.codepoints import (
    Suite,
    SuiteKind,
    suite_by_name,
    suite_name,
    suites,
    version_name,
)

_REASONS = {
    SuiteKind.NULL: "no encryption: RFC 9325 section 4.1",
    SuiteKind.EXPORT: "export grade: RFC 9325 section 4.1",
    SuiteKind.RC4: "RC4: RFC 7465, RFC 9325 section 4.1",
    SuiteKind.ANONYMOUS: "anonymous: RFC 5246 appendix A.5",
    SuiteKind.WEAK: "less than 112 bits: RFC 9325 section 4.1",
    SuiteKind.TRIPLE_DES: "3DES, 112 bits: RFC 9325 section 4.1",
    SuiteKind.STATIC_RSA: "static RSA, no forward secrecy: RFC 9325 section 4.1",
    SuiteKind.STATIC_DH: "static Diffie-Hellman, no forward secrecy: RFC 9325 section 4.1",
    SuiteKind.DHE: "finite-field DHE: RFC 9325 section 4.1",
    SuiteKind.CBC: "CBC: RFC 9325 section 4.2",
}


def needs(endpoint: Endpoint, profile: Profile) -> Iterable[Question]:
    """Return the need of the session, the control, and a hello for each level."""
    yield session_question(endpoint)
    if suite_weights(endpoint, profile):
        yield control_question(endpoint, profile)
    for offer in suite_hellos(endpoint, profile):
        yield hello_question(endpoint, offer)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge every suite that was chosen; a hello without an answer beside a control stays open."""
    weights = suite_weights(view.endpoint, view.profile)
    key = _key(view.endpoint)
    if not weights:
        return
    expected = _expected(view)
    chosen, gap = _read(view)
    found = [
        _accepted(view, weights[code], code, proof)
        for code, proof in chosen.items()
        if code in weights
    ]
    yield from found
    if gap is not None:
        missing, question = gap
        yield inconclusive(missing, expected=expected, key=key, question=question)
    elif not any(finding.level is not Level.NOTE for finding in found):
        modern = isinstance(below_tls13(view), Modern)
        message = "TLS 1.2 and below is refused, and in TLS 1.3 " if modern else ""
        yield passed(
            f"{message}no cipher suite is accepted that the {_who(view)} speaks against",
            expected=expected,
            observed=", ".join(suite_name(code) for code in chosen),
            key=key,
        )


Gap = tuple[Missing, Question]


def _read(view: TargetView) -> tuple[dict[int, tuple[int, Question]], Gap | None]:
    """Return each suite that was chosen with its version and proof, and the first gap."""
    endpoint = view.endpoint
    chosen: dict[int, tuple[int, Question]] = {}
    asked = control_question(endpoint, view.profile)
    control = below_tls13(view)
    gap = (control, asked) if isinstance(control, Missing) else None
    for offer in suite_hellos(endpoint, view.profile):
        question = hello_question(endpoint, offer)
        evidence = view.hello(offer)
        match evidence if isinstance(evidence, Missing) else evidence.answer:
            case Missing() as missing:
                gap = gap or (missing, question)
            case ServerAnswer(suite=suite, version=version):
                chosen.setdefault(suite, (version, question))
            case answer:
                missing_control = refused(view, offer, answer)
                if missing_control is not None:
                    gap = gap or (missing_control, question)
    if isinstance(control, ServerAnswer):
        chosen.setdefault(control.suite, (control.version, asked))
    chosen |= {c: proof for c, proof in _by_the_way(view).items() if c not in chosen}
    session = view.tls
    if isinstance(session, TlsFacts):
        code = suite_by_name(session.cipher)
        if code is not None:
            chosen.setdefault(code, (session.version, session_question(endpoint)))
    return chosen, gap


def _by_the_way(view: TargetView) -> dict[int, tuple[int, Question]]:
    """Return the suites that no hello is spent on and that one for old versions shows."""
    endpoint, profile = view.endpoint, view.profile
    noted = {c for c, weight in suite_weights(endpoint, profile).items() if not weight.asked}
    found: dict[int, tuple[int, Question]] = {}
    for offer in hellos(demand_of(endpoint, profile)) if noted else ():
        evidence = view.hello(offer)
        answer = None if isinstance(evidence, Missing) else evidence.answer
        if isinstance(answer, ServerAnswer) and answer.suite in noted:
            found[answer.suite] = (answer.version, hello_question(endpoint, offer))
    return found


def _accepted(view: TargetView, weight: Weight, code: int, proof: tuple[int, Question]) -> Finding:
    suite = suites()[code]
    version, question = proof
    return failed(
        f"the server accepts {suite.name}",
        expected=_expected(view),
        observed=f"{suite.name} chosen in {version_name(version)}",
        remedy=f"do not accept it{_because(suite, view)}."
        f" {servers.fix(view, servers.Topic.SUITES)}",
        key=weight.key,
        level=weight.level,
        question=question,
    )


def _because(suite: Suite, view: TargetView) -> str:
    reasons = [reason for kind, reason in _REASONS.items() if kind in suite.kinds]
    return f" ({'; '.join(reasons)})" if reasons else f" ({view.profile.source})"


def _key(endpoint: Endpoint) -> str:
    if endpoint.tls.ciphers is not None:
        return "tls.ciphers"
    return "tls.profile" if endpoint.tls.forbid_ciphers is None else "tls.forbid_ciphers"


def _who(view: TargetView) -> str:
    own = view.endpoint.tls
    if own.ciphers is not None:
        return "policy"
    name = f"profile {view.profile.name}"
    return name if own.forbid_ciphers is None else f"policy or the {name}"


def _expected(view: TargetView) -> str:
    own = view.endpoint.tls
    if own.ciphers is not None:
        return "no suite but " + ", ".join(suite_name(code) for code in own.ciphers)
    base = f"no suite that {view.profile.name} speaks against"
    if own.forbid_ciphers is None:
        return base
    return f"{base}, nor {', '.join(suite_name(code) for code in own.forbid_ciphers)}"


RULE = Rule(
    id="tls-cipher",
    title="Cipher suite",
    summary="The server accepts no cipher suite that the policy or the profile speaks against.",
    needs=needs,
    check=check,
)
