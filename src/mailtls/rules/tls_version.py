"""Which TLS versions the server accepts, by the full session and a few raw hellos.

The session offers everything and so shows the highest common version; TLS 1.3 needs no hello of
its own. A refusal of a hello counts only beside a session to the same address that succeeded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailtls.evidence import (
    AlertAnswer,
    ClosedAnswer,
    HandshakeRefused,
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
from mailtls.rules.control import doubtful, of_the_hello
from mailtls.rules.demands import Demand, demand_of, hellos
from mailtls.terms import Cause, Phase, TlsVersion
from mailtls.tls import offers

_SECTIONS = {
    TlsVersion.SSL2: "RFC 6176 section 3",
    TlsVersion.SSL3: "RFC 7568 section 3",
    TlsVersion.TLS1_0: "RFC 8996 section 4",
    TlsVersion.TLS1_1: "RFC 8996 section 5",
}
_RECOMMENDED = "RFC 9325 section 3.1.1"


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What the answers say: versions accepted with their proof, refused offers, the first gap."""

    accepted: dict[int, Question]
    refused: set[Offer]
    gap: tuple[Missing, Question] | None = None


def needs(endpoint: Endpoint, profile: Profile) -> Iterable[Question]:
    """Return the need of the session as the control, and of the hellos that the demand asks."""
    yield session_question(endpoint)
    for offer in hellos(demand_of(endpoint, profile)):
        yield hello_question(endpoint, offer)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge what was accepted; what got no answer beside a control stays open."""
    endpoint = view.endpoint
    demand = demand_of(endpoint, view.profile)
    control = view.tls
    seen = _read(view, demand, control)
    findings = [
        _accepted(view, demand, version, seen.accepted[version])
        for version in sorted(seen.accepted)
        if version in demand.forbidden
    ]
    session = view.session
    if not isinstance(session, Missing) and isinstance(session.tls, HandshakeRefused):
        findings.append(_no_session(view, demand, session.tls))
        seen.gap = None
    if isinstance(control, TlsFacts):
        findings += _too_low(view, demand, seen, control)
    if seen.gap is not None:
        missing, question = seen.gap
        findings.append(
            inconclusive(missing, expected=demand.words, key=demand.key, question=question)
        )
    if not findings and isinstance(control, TlsFacts):
        label = _label(control.version)
        findings.append(
            passed(f"{label} is negotiated", expected=demand.words, observed=label, key=demand.key)
        )
    return findings


def _read(view: TargetView, demand: Demand, control: TlsFacts | Missing) -> _Seen:
    full = session_question(view.endpoint)
    seen = _Seen(accepted={}, refused=set())
    if isinstance(control, TlsFacts):
        seen.accepted[control.version] = full
    else:
        seen.gap = (control, full)
    for offer in hellos(demand):
        question = hello_question(view.endpoint, offer)
        evidence = view.hello(offer)
        match evidence if isinstance(evidence, Missing) else evidence.answer:
            case Missing() as missing:
                seen.gap = seen.gap or (missing, question)
            case ServerAnswer(version=version) if version > max(offer.versions):
                seen.gap = seen.gap or (_not_offered(version, offer), question)
            case ServerAnswer(version=version):
                seen.accepted.setdefault(version, question)
                # Up to TLS 1.2 a hello names its highest version only (RFC 5246 appendix E.1).
                if version < min(offer.versions):
                    seen.refused.add(offer)
            # The error NO-CIPHER-ERROR is SSL 2.0 itself speaking, without a common cipher.
            case AlertAnswer(name="ssl2_no_cipher"):
                seen.accepted.setdefault(TlsVersion.SSL2, question)
            case AlertAnswer() | ClosedAnswer() as answer:
                gap = of_the_hello(offer, answer) or doubtful(view, answer)
                gap = control if isinstance(control, Missing) else gap
                if gap is None:
                    seen.refused.add(offer)
                else:
                    seen.gap = seen.gap or (gap, question)
    return seen


def _not_offered(version: int, offer: Offer) -> Missing:
    return Missing(
        phase=Phase.HANDSHAKE,
        cause=Cause.MALFORMED,
        detail=f"the server chose {_label(version)} in answer to a hello offering {offer.label}",
    )


def _accepted(view: TargetView, demand: Demand, version: int, question: Question) -> Finding:
    known = TlsVersion(version)
    return failed(
        f"the server accepts {known.label}",
        expected=demand.words,
        observed=f"{known.label} negotiated",
        remedy=_remedy(view, demand, known),
        key=demand.key,
        level=demand.forbidden[known],
        question=question,
    )


def _no_session(view: TargetView, demand: Demand, refused: HandshakeRefused) -> Finding:
    return failed(
        "no TLS session can be made: the server refuses a handshake that offers every version",
        expected=demand.words,
        observed=f"alert {refused.alert} ({refused.name})",
        remedy="look at the server's log for this handshake; usual are a missing certificate or key, no"
        " common cipher, or an unknown server name (alerts: RFC 8446 section 6.2). "
        + servers.fix(view, servers.Topic.CERTIFICATE),
        key=demand.key,
    )


def _too_low(view: TargetView, demand: Demand, seen: _Seen, control: TlsFacts) -> Iterable[Finding]:
    absent = [
        version
        for version in demand.required
        if version not in seen.accepted
        and (
            control.version < version
            if version is TlsVersion.TLS1_3
            else _hello_of(version) in seen.refused
        )
    ]
    if control.version < demand.least and control.version not in demand.forbidden and not absent:
        absent = [demand.least]
    for version in absent:
        yield failed(
            f"the server does not accept {version.label}",
            expected=demand.words,
            observed=f"{_label(control.version)} negotiated with every version offered",
            remedy=_remedy(view, demand, version),
            key=demand.key,
            question=None if version is TlsVersion.TLS1_3 else _proof(view, seen, version),
        )


def _hello_of(version: TlsVersion) -> Offer:
    return offers.ssl2() if version is TlsVersion.SSL2 else offers.exactly(version)


def _proof(view: TargetView, seen: _Seen, version: TlsVersion) -> Question | None:
    offer = _hello_of(version)
    return hello_question(view.endpoint, offer) if offer in seen.refused else None


def _remedy(view: TargetView, demand: Demand, version: TlsVersion) -> str:
    section = _SECTIONS.get(version, _RECOMMENDED)
    return f"accept {demand.words} ({section}). {servers.fix(view, servers.Topic.VERSIONS)}"


def _label(version: int) -> str:
    try:
        return TlsVersion(version).label
    except ValueError:
        return f"0x{version:04x}"


RULE = Rule(
    id="tls-version",
    title="TLS version",
    summary="The server accepts the TLS versions the policy wants, and none it forbids.",
    needs=needs,
    check=check,
)
