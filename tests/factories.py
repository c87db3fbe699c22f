"""Evidence, policies and views as a test wants them: healthy unless said otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from mailtls.evidence import (
    AlertAnswer,
    Capabilities,
    CertificateFacts,
    ClosedAnswer,
    Fallback,
    FallbackEvidence,
    HelloEvidence,
    InjectionEvidence,
    KeyFacts,
    Line,
    Missing,
    NotObserved,
    Observation,
    Observed,
    PathValidation,
    Reply,
    ServerAnswer,
    SessionEvidence,
    Skipped,
    Smuggled,
    TlsFacts,
    UpgradeEvidence,
    UpgradeReply,
)
from mailtls.policy.model import (
    AddressChoice,
    Agreement,
    Anchors,
    CertificateExpectation,
    Endpoint,
    Graded,
    Policy,
    Profile,
    TlsExpectation,
)
from mailtls.probe.questions import Question, Target
from mailtls.rules.across import RunView
from mailtls.rules.base import Finding, Rule, TargetView, session_question
from mailtls.terms import Cause, Expect, Level, Mode, Phase, Protocol, Role, TlsVersion

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOST = "mail.example.org"
TARGET = Target(host=HOST, port=587, address="192.0.2.1")

BCP195 = Profile(
    name="bcp195",
    source="RFC 9325",
    versions=tuple(
        Graded(code=version, level=Level.ERROR)
        for version in TlsVersion
        if version < TlsVersion.TLS1_2
    ),
    required_version=TlsVersion.TLS1_2,
    rsa_bits=2048,
    curves=("P-256", "P-384", "P-521"),
    signature_hashes=("sha256", "sha384", "sha512"),
)


def endpoint(**changes: Any) -> Endpoint:
    """Return a submission endpoint with STARTTLS."""
    healthy = Endpoint(
        name="submission",
        host=HOST,
        port=587,
        mode=Mode.STARTTLS,
        protocol=Protocol.SMTP,
        role=Role.SUBMISSION,
        addresses=AddressChoice.ALL,
        identity=HOST,
        level=Level.ERROR,
        expect=Expect.REACHABLE,
        tls=TlsExpectation(),
        certificate=CertificateExpectation(),
        route=("endpoints", 0),
        written=frozenset({"host", "port", "mode"}),
    )
    return replace(healthy, **changes)


def implicit(**changes: Any) -> Endpoint:
    """Return a submission endpoint with implicit TLS."""
    return endpoint(**{"port": 465, "mode": Mode.IMPLICIT} | changes)


def with_certificate(**changes: Any) -> Endpoint:
    """Return an endpoint whose policy says these `certificate` keys."""
    return endpoint(certificate=CertificateExpectation(**changes))


def policy(*endpoints: Endpoint, profile: Profile = BCP195) -> Policy:
    return Policy(profile=profile, endpoints=endpoints or (endpoint(),))


def key(kind: str = "rsa", bits: int = 2048, curve: str = "", seed: str = "key") -> KeyFacts:
    return KeyFacts(
        kind=kind, bits=bits, curve=curve, spki_sha256=sha256(seed.encode()).hexdigest()
    )


def certificate(
    subject: str = "CN=leaf", issuer: str = "CN=Example CA", **changes: Any
) -> CertificateFacts:
    """Return a certificate with a year behind and 90 days ahead; its fingerprint follows its names."""
    unique = f"{subject} by {issuer} {sorted(changes)}"
    healthy = CertificateFacts(
        der=unique.encode(),
        sha256=sha256(unique.encode()).hexdigest(),
        serial="01",
        subject=subject,
        subject_names=tuple(p[3:] for p in subject.split(",") if p.startswith("CN=")),
        issuer=issuer,
        issuer_names=tuple(p.partition("=")[2] for p in issuer.split(",")),
        not_before=NOW - timedelta(days=275),
        not_after=NOW + timedelta(days=90),
        dns_names=(),
        ip_addresses=(),
        srv_names=(),
        key=key(seed=subject),
        signature="sha256-rsa",
        is_ca=True,
        key_usage=(),
        extended_key_usage=(),
        issuer_urls=(),
        ocsp_urls=(),
        crl_urls=(),
        must_staple=False,
        scts=0,
        problems=(),
    )
    return replace(healthy, **changes)


def leaf(**changes: Any) -> CertificateFacts:
    return certificate(f"CN={HOST}", **{"dns_names": (HOST,), "is_ca": False} | changes)


CA = certificate("CN=Example CA", "O=Example,CN=Example Root")
ROOT = certificate("O=Example,CN=Example Root", "O=Example,CN=Example Root")


def path(*members: CertificateFacts, **changes: Any) -> PathValidation:
    found = PathValidation(
        anchors="system",
        at=NOW,
        problem=None,
        time_problem=None,
        verified=tuple(facts.sha256 for facts in members),
    )
    return replace(found, **changes)


def tls(*chain: CertificateFacts, **changes: Any) -> TlsFacts:
    """Return a TLS 1.3 handshake; a path through the whole chain to a root not sent is verified."""
    sent = chain or (leaf(), CA)
    facts = TlsFacts(
        version=TlsVersion.TLS1_3,
        cipher="TLS_AES_256_GCM_SHA384",
        group="X25519",
        alpn="",
        chain=sent,
        path=path(*sent, ROOT),
        staple=b"",
        client_certificate_requested=False,
    )
    return replace(facts, **changes)


def greeting(text: str = "mail.example.org ESMTP Postfix") -> Reply:
    return Reply(code="220", lines=(text,))


def session(facts: Any = None, **changes: Any) -> SessionEvidence:
    """Return a session with STARTTLS whose TLS step is `facts`."""
    capabilities = Capabilities(names=("PIPELINING", "STARTTLS"), mechanisms=())
    healthy = SessionEvidence(
        greeting=greeting(),
        before=capabilities,
        upgrade=UpgradeReply(
            accepted=True,
            temporary=False,
            reply=Reply(code="220", lines=("go ahead",)),
            leftover=b"",
        ),
        tls=facts or tls(),
        greeting_after=Skipped(reason="STARTTLS has one greeting"),
        after=Capabilities(names=("PIPELINING", "AUTH"), mechanisms=("PLAIN",)),
    )
    return replace(healthy, **changes)


def upgraded(**changes: Any) -> UpgradeEvidence:
    """Return the walk of a server that demands TLS and begins anew behind it."""
    full = session()
    demand, hello = Reply(code="530", lines=("TLS first",)), Reply(code="503", lines=("EHLO",))
    healthy = UpgradeEvidence(
        unannounced=demand,
        before=full.before,
        clear=demand,
        upgrade=full.upgrade,
        tls=True,
        forgotten=hello,
        after=full.after,
        protected=Reply(code="250", lines=("ok",)),
        again=hello,
    )
    return replace(healthy, **changes)


def injected(*replies: str) -> InjectionEvidence:
    """Return the answer of a server that carried out what `replies` answer: nothing, unless said."""
    return InjectionEvidence(upgrade=session().upgrade, answer=Smuggled(replies=replies))


def fallen_back(*resumed: str) -> FallbackEvidence:
    """Return the end of a connection on a junk record, or what was answered in clear behind it."""
    return FallbackEvidence(
        upgrade=session().upgrade, answer=Fallback(alerted=True, resumed=resumed)
    )


def implicit_session(facts: Any = None, **changes: Any) -> SessionEvidence:
    """Return a session with implicit TLS whose TLS step is `facts`."""
    skipped = Skipped(reason="implicit TLS")
    steps = {
        "greeting": skipped,
        "before": skipped,
        "upgrade": skipped,
        "greeting_after": greeting(),
    }
    return session(facts, **steps | changes)


def missing(phase: Phase = Phase.CONNECT, cause: Cause = Cause.TIMED_OUT) -> Missing:
    return Missing(phase=phase, cause=cause, detail=f"{phase} {cause}")


REFUSED = missing(Phase.CONNECT, Cause.REFUSED)

ALERT = HelloEvidence(answer=AlertAnswer(alert=70, name="protocol_version"))
CLOSED = HelloEvidence(answer=ClosedAnswer(reset=False))


def chose(version: int) -> HelloEvidence:
    """Return the answer of a server that chose a version."""
    return HelloEvidence(
        answer=ServerAnswer(
            version=version,
            suite=0x002F,
            compression=0,
            retry=False,
            group=0,
            dh_bits=0,
            extensions=(),
            alpn="",
            certificates=(),
            staple=False,
            anonymous=False,
            downgrade_sentinel=False,
        )
    )


def seen(evidence: Any, *transcript: str) -> Observation:
    """Return the observation that holds evidence, or its absence."""
    lines = tuple(Line(side="S", text=text) for text in transcript)
    if isinstance(evidence, Missing):
        return NotObserved(missing=evidence, transcript=lines, seconds=0.1, attempts=1)
    return Observed(evidence=evidence, transcript=lines, seconds=0.1, attempts=1)


def view(
    of: Endpoint,
    full: Any = None,
    hellos: Mapping[str, Any] | None = None,
    rule: Rule | None = None,
    **changes: Any,
) -> TargetView:
    """Return a view with this session, and the answers by the offer's label, else the alert."""
    answers: dict[Question, Observation] = {session_question(of): seen(full or session())}
    for question in rule.needs(of, changes.get("profile", BCP195)) if rule else ():
        label = getattr(getattr(question, "offer", None), "label", None)
        if label is not None:
            answers[question] = seen((hellos or {}).get(label, ALERT))
    healthy = TargetView(
        endpoint=of, profile=BCP195, target=TARGET, answers=answers, unresolved=None, now=NOW
    )
    return replace(healthy, **changes)


def only(findings: Iterable[Finding]) -> Finding:
    """Return the one finding there is."""
    (finding,) = findings
    return finding


PINNED = Anchors(label="pinned")


def run_view(*views: TargetView, agreements: tuple[Agreement, ...] = ()) -> RunView:
    """Return a run whose policy has the views' endpoints."""
    endpoints = tuple(dict.fromkeys(each.endpoint for each in views))
    whole = Policy(profile=BCP195, endpoints=endpoints, agreements=agreements)
    return RunView(policy=whole, targets=views)


def at(address: str, of: Endpoint, full: Any = None) -> TargetView:
    """Return the view of one address of an endpoint, with this session."""
    return view(of, full, target=Target(host=of.host, port=of.port, address=address))
