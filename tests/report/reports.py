"""Reports as a test wants them, made the way the program makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mailtls.errors import Problem
from mailtls.evidence import (
    Capabilities,
    CertificateFacts,
    KeyFacts,
    Line,
    PathValidation,
    SessionEvidence,
    Skipped,
    TlsFacts,
)
from mailtls.policy.load import load_text
from mailtls.policy.model import Policy
from mailtls.report.build import TargetSummary, build
from mailtls.report.model import Report, RuleInfo
from mailtls.terms import Cause, Level, Outcome, Phase, TlsVersion
from mailtls.verdict import Client, Location, Part, Proof, Route, Standpoint, Verdict

RULES = ("certificate-name", "mode", "starttls-offered", "tls-version")
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
TEXT = """\
version: 1
endpoints:
  - {host: smtp.example.com, port: 587, mode: starttls}
  - {host: imap.example.com, port: 993, mode: implicit}
  - {host: pop.example.com, port: 995, mode: implicit}
"""
NAMES = ("smtp.example.com:587", "imap.example.com:993", "pop.example.com:995")


FULL, HELLO = "the full session, with every version offered", "a hello offering SSLv3 to TLSv1.1"
PROOFS = (
    Proof(part=Part.VERSION, standpoint=Standpoint.NEGOTIATED, names=("TLSv1.3",), by=FULL),
    Proof(
        part=Part.SUITE,
        standpoint=Standpoint.NEGOTIATED,
        names=("TLS_AES_256_GCM_SHA384",),
        by=FULL,
    ),
    Proof(part=Part.GROUP, standpoint=Standpoint.NEGOTIATED, names=("X25519MLKEM768",), by=FULL),
    Proof(part=Part.VERSION, standpoint=Standpoint.ACCEPTED, names=("TLSv1.0",), by=HELLO),
    Proof(
        part=Part.SUITE,
        standpoint=Standpoint.REFUSED,
        names=tuple(f"TLS_RSA_WITH_{n}" for n in range(40)),
        by="a hello offering suites that must not be accepted, answered by a hang-up",
    ),
    Proof(
        part=Part.VERSION,
        standpoint=Standpoint.REFUSED,
        names=("SSLv2",),
        by="a hello offering SSLv2, answered by a hang-up",
    ),
)


def policy(text: str = TEXT) -> Policy:
    return load_text(text.encode(), "mailtls.yml", lambda *_: b"")[0]


def verdict(**changes: object) -> Verdict:
    plain = Verdict(
        rule="tls-version",
        endpoint=NAMES[0],
        address="192.0.2.1",
        outcome=Outcome.PASS,
        level=Level.ERROR,
        message="TLSv1.3 is accepted",
        expected="TLSv1.2 or later",
        observed="TLSv1.3",
        remedy="",
        phase=None,
        cause=None,
        transcript=(),
        route=("endpoints", 0, "mode"),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def failure(**changes: object) -> Verdict:
    return verdict(
        **{
            "outcome": Outcome.FAIL,
            "message": "the server accepts TLSv1.0",
            "observed": "TLSv1.0 negotiated",
            "remedy": "set `smtpd_tls_protocols = >=TLSv1.2` (RFC 8996 section 5)",
            "transcript": (
                Line(side="C", text="EHLO probe.example"),
                Line(side="S", text="250 mail"),
                Line(side="*", text="TLSv1.0"),
            ),
            "again": Client(version=TlsVersion.TLS1_0),
        }
        | changes
    )


def unknown(**changes: object) -> Verdict:
    return verdict(
        **{
            "outcome": Outcome.INCONCLUSIVE,
            "message": "could not be determined: no answer",
            "observed": "no answer",
            "phase": Phase.GREETING,
            "cause": Cause.TIMED_OUT,
        }
        | changes
    )


def certificate(**changes: object) -> CertificateFacts:
    facts = CertificateFacts(
        der=b"0",
        sha256="ab" * 32,
        serial="0a",
        subject="CN=smtp.example.com",
        subject_names=("smtp.example.com",),
        issuer="O=Example,CN=Example CA",
        issuer_names=("Example", "Example CA"),
        not_before=NOW - timedelta(days=10),
        not_after=NOW + timedelta(days=80, hours=1),
        dns_names=("smtp.example.com",),
        ip_addresses=("192.0.2.1",),
        srv_names=(),
        key=KeyFacts(kind="ecdsa", bits=256, curve="P-256", spki_sha256="cd" * 32),
        signature="sha256-ecdsa",
        is_ca=False,
        key_usage=(),
        extended_key_usage=(),
        issuer_urls=(),
        ocsp_urls=(),
        crl_urls=(),
        must_staple=False,
        scts=0,
        problems=(),
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def session(leaf: CertificateFacts | None = None) -> SessionEvidence:
    path = PathValidation(anchors="system", at=NOW, problem=None, time_problem=None, verified=())
    return SessionEvidence(
        greeting=Skipped(reason="implicit"),
        before=Skipped(reason="implicit"),
        upgrade=Skipped(reason="implicit"),
        tls=TlsFacts(
            version=TlsVersion.TLS1_3,
            cipher="TLS_AES_256_GCM_SHA384",
            group="X25519MLKEM768",
            alpn="",
            chain=(leaf or certificate(),),
            path=path,
            staple=b"",
            client_certificate_requested=False,
        ),
        greeting_after=Skipped(reason="x"),
        after=Capabilities(names=(), mechanisms=()),
    )


def report(
    verdicts: Sequence[Verdict],
    *,
    leaf: CertificateFacts | None = None,
    text: str = TEXT,
    fail_on: Level = Level.ERROR,
    tolerate: bool = False,
    problems: Sequence[Problem] = (),
    title: str = "Old TLS versions are refused",
    shown: tuple[Proof, ...] | None = None,
) -> Report:
    plain, document, _ = load_text(text.encode(), "mailtls.yml", lambda *_: b"")

    def locate(route: Route) -> Location:
        return document.locate(route)

    met = TargetSummary(
        address="192.0.2.1",
        port=1587,
        connections=3,
        session=session(leaf),
        proofs=PROOFS if shown is None else shown,
    )
    return build(
        policy=plain,
        verdicts=verdicts,
        targets={endpoint.name: [met] for endpoint in plain.endpoints},
        locate=locate,
        excerpt=document.excerpt,
        rules=[
            RuleInfo(
                id=rule,
                title=title if rule == "tls-version" else rule,
                summary=f"What {rule} decides.",
                help=f"# {rule}\n\n## What it checks\nThat.\n",
                docs_url=f"https://docs.example/rules/{rule}.md",
            )
            for rule in RULES
        ],
        started=NOW,
        seconds=1.25,
        connections=9,
        fail_on=fail_on,
        tolerate_inconclusive=tolerate,
        version="0.1.0",
        problems=problems,
    )


def mixed() -> Report:
    """One failure on two addresses, one question unanswered, one waiting for it, the rest in order."""
    return report(
        [
            failure(),
            failure(address="192.0.2.2"),
            verdict(rule="mode"),
            unknown(endpoint=NAMES[1], rule="mode", route=("endpoints", 1, "mode")),
            unknown(
                endpoint=NAMES[1],
                rule="certificate-name",
                cause=Cause.PREREQUISITE,
                route=("endpoints", 1),
            ),
            verdict(endpoint=NAMES[2], route=("endpoints", 2)),
            verdict(
                endpoint=NAMES[2],
                rule="starttls-offered",
                outcome=Outcome.NOT_APPLICABLE,
                route=("endpoints", 2),
            ),
        ]
    )


POISON = "\"'><script>alert(1)</script>&amp;]]>--></style>\x00\x1b[31m\u202e\ud800 ##[error]x ::error::y %0A{{7*7}}"


def hostile() -> Report:
    """Text of a stranger in every field that can hold it."""
    said = dict.fromkeys(("message", "expected", "observed", "remedy"), POISON)
    lines = (Line(side="S", text=POISON),)
    name = '"<script>alert(1)</script>&"'
    return report(
        [
            failure(**said, transcript=lines, endpoint=name.strip('"'), address=POISON),
            unknown(**said, transcript=lines, rule="mode", endpoint=name.strip('"')),
            verdict(**said, rule="certificate-name", outcome=Outcome.WAIVED),
        ],
        shown=(Proof(part=Part.SUITE, standpoint=Standpoint.ACCEPTED, names=(POISON,), by=POISON),),
        leaf=certificate(
            subject=POISON, issuer=POISON, dns_names=(POISON,), signature=POISON, serial=POISON
        ),
        text=TEXT.replace("{host: smtp", f"{{name: {name}, host: smtp"),
        problems=[
            Problem(
                location=Location(file=POISON, line=1, column=1, end_line=1, end_column=2),
                message=POISON,
                expected=POISON,
                hint=POISON,
                level=Level.WARNING,
            )
        ],
        title=POISON,
    )


def said_by_strangers(one: str, two: str, three: str) -> Report:
    """Return a failure, an open question and a waived failure that say these texts."""
    return report(
        [
            failure(
                message=one,
                observed=two,
                remedy=three,
                expected=one + two,
                transcript=(Line(side="S", text=one),),
            ),
            unknown(endpoint=NAMES[1], message=two, observed=three, route=("endpoints", 1)),
            failure(
                endpoint=NAMES[2],
                message=three,
                outcome=Outcome.WAIVED,
                route=("endpoints", 2),
            ),
        ],
        title=one,
    )
