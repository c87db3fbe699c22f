"""The x509-limbo suite's cases, as mailtls judges them and as `openssl verify` does."""

from __future__ import annotations

import base64
import gzip
import ipaddress
import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from factories import BCP195, endpoint, seen, session, tls, view
from mailtls.evidence import CertificateFacts, PathValidation
from mailtls.policy.model import Anchors, CertificateExpectation
from mailtls.probe.questions import RevocationQuestion
from mailtls.revocations import (
    CertificateStatus,
    Medium,
    NoStatus,
    RevocationEvidence,
    Statement,
    Status,
)
from mailtls.rules import RULES
from mailtls.rules.base import TargetView, session_question
from mailtls.terms import Cause, Level, Outcome, Phase
from mailtls.tls import certificates, crl, webpki
from mailtls.tls.path import validate

FOLDER = Path(__file__).parent / "limbo"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""The time of the cases that name none; their certificates are valid for a thousand years."""

JUDGES = [
    rule
    for rule in RULES
    if rule.id.removeprefix("certificate-")
    in {"trust", "name", "expiry", "chain", "key", "signature", "usage", "revocation"}
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: `chain` is leaf first, all DER; `accept` is what the suite expects."""

    id: str
    accept: bool
    name: str
    at: datetime
    chain: tuple[bytes, ...]
    anchors: tuple[bytes, ...]
    lists: tuple[bytes, ...]

    @property
    def label(self) -> Anchors:
        return Anchors(label="anchors.pem", pem=b"".join(map(pem, self.anchors)))

    @property
    def path(self) -> PathValidation:
        return validate(self.chain, self.label, at=self.at)


@cache
def cases() -> tuple[Case, ...]:
    """Return the cases, sorted by name."""
    loaded = json.loads(gzip.decompress((FOLDER / "cases.json.gz").read_bytes()))
    return tuple(_case(each) for each in loaded["cases"])


@cache
def verdicts() -> dict[str, dict[str, Any]]:
    """Return what is written down of each case."""
    text = (FOLDER / "verdicts.json").read_text(encoding="utf-8")
    return {each["id"]: each for each in json.loads(text)}


def _case(raw: dict[str, Any]) -> Case:
    def decode(many: Sequence[str]) -> tuple[bytes, ...]:
        return tuple(map(base64.b64decode, many))

    at = datetime.fromisoformat(raw["time"]) if "time" in raw else NOW
    return Case(
        id=raw["id"],
        accept=raw["expected"] == "SUCCESS",
        name=raw["name"],
        at=at,
        chain=decode([raw["leaf"], *raw["others"]]),
        anchors=decode(raw["anchors"]),
        lists=decode(raw.get("crls", ())),
    )


def pem(der: bytes) -> bytes:
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"


def judge(case: Case) -> list[str]:
    """Return the rules of mailtls that fail as errors, or cannot tell."""
    found = view_of(case)
    return [
        rule.id.removeprefix("certificate-")
        for rule in JUDGES
        if any(
            finding.outcome is Outcome.INCONCLUSIVE
            or (finding.outcome is Outcome.FAIL and finding.level in (None, Level.ERROR))
            for finding in rule.check(found)
        )
    ]


def view_of(case: Case) -> TargetView:
    identity = case.name.lower()
    certificate = CertificateExpectation(trust=case.label, days_left=0, revocation=bool(case.lists))
    of = endpoint(host=identity, identity=identity, certificate=certificate)
    path = case.path
    facts = tls(*map(certificates.parse, case.chain), path=path)
    full = session(facts)
    asked = RevocationQuestion(session=session_question(of))
    answers = {session_question(of): seen(full), asked: seen(_revocation(case, facts.chain, path))}
    base = view(of, full, profile=BCP195, now=case.at)
    return TargetView(
        endpoint=base.endpoint,
        profile=base.profile,
        target=base.target,
        answers=answers,
        unresolved=None,
        now=case.at,
    )


def _revocation(
    case: Case, chain: Sequence[CertificateFacts], path: PathValidation
) -> RevocationEvidence:
    """Return what the case's lists say of the leaf, as if it named them."""
    known = {facts.sha256: facts for facts in (*chain, *map(certificates.parse, path.unsent))}
    members = [known[each] for each in path.verified]
    return RevocationEvidence(
        certificates=tuple(
            CertificateStatus(
                subject=facts.subject,
                sha256=facts.sha256,
                statements=tuple(
                    Statement(
                        medium=Medium.CRL,
                        url="http://ca/",
                        says=_says(crl.read(each, facts.der, issuer.der, ())),
                    )
                    for each in case.lists
                ),
            )
            for facts, issuer in pairwise(members[:2])
        )
    )


def _says(read: Status | str) -> Status | NoStatus:
    if isinstance(read, Status):
        return read
    return NoStatus(phase=Phase.GREETING, cause=Cause.MALFORMED, detail=read)


def stricter(case: Case) -> str:
    """Return why the web PKI's view refuses a path that OpenSSL took."""
    path = case.path
    if not path.verified or path.time_problem:
        return ""
    by_hash = {certificates.parse(der).sha256: der for der in (*case.chain, *path.unsent)}
    return webpki.refusal([by_hash[each] for each in path.verified], case.at)


def openssl(case: Case, folder: Path) -> int:
    """Return the number of the error that `openssl verify` finds, 0 for none."""
    (folder / "leaf.pem").write_bytes(pem(case.chain[0]))
    (folder / "others.pem").write_bytes(b"".join(map(pem, case.chain[1:])))
    (folder / "anchors.pem").write_bytes(b"".join(map(pem, case.anchors)))
    command = ["openssl", "verify", "-purpose", "sslserver", "-auth_level", "2", "-partial_chain"]
    command += ["-no-CApath", "-no-CAstore", "-CAfile", "anchors.pem"]
    command += ["-attime", str(int(case.at.timestamp())), *_named(case.name)]
    if case.chain[1:]:
        command += ["-untrusted", "others.pem"]
    if case.lists:
        lists = (x509.load_der_x509_crl(each) for each in case.lists)
        (folder / "lists.pem").write_bytes(
            b"".join(each.public_bytes(serialization.Encoding.PEM) for each in lists)
        )
        command += ["-crl_check", "-CRLfile", "lists.pem"]
    done = subprocess.run(
        [*command, "leaf.pem"], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return 0
    found = re.search(r"error (\d+) at", done.stdout + done.stderr)
    # A certificate that cannot even be loaded has no number.
    return int(found[1]) if found else -1


def _named(name: str) -> list[str]:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return ["-verify_hostname", name]
    return ["-verify_ip", name]
