"""From policy, verdicts and evidence to the one model every format renders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mailtls.errors import Problem
from mailtls.evidence import CertificateFacts, KeyFacts, SessionEvidence, TlsFacts
from mailtls.policy import model as policy_model
from mailtls.pure import pure
from mailtls.report.excerpt import mark
from mailtls.report.model import Certificate, Endpoint, Notice, Report, Result, RuleInfo, Target
from mailtls.report.proved import proved
from mailtls.report.reproduce import Again
from mailtls.report.sources import source
from mailtls.sanitizer import clean
from mailtls.terms import Level, TlsVersion
from mailtls.verdict import Location, Proof, Route, Verdict, exit_code, standing

SENTENCE_LIMIT = 1000
"""Longest message, expectation or observation, in characters: a few remote values and our words."""

TRANSCRIPT_LIMIT = 4096
"""Longest transcript line; a line is sanitized where it is recorded, and a judged recording is not ours."""

PATH_LIMIT = 4096
"""Longest file name, Linux's PATH_MAX."""

NAMES_SHOWN = 50

_CURVES = {
    "prime256v1": "P-256",
    "secp256r1": "P-256",
    "secp384r1": "P-384",
    "secp521r1": "P-521",
}
_KEY_KINDS = {"rsa": "RSA", "dsa": "DSA", "ecdsa": "ECDSA", "ed25519": "Ed25519", "ed448": "Ed448"}


@pure
class TargetSummary:
    """One address of an endpoint: connections made to it, and its full session where there is one.

    `port` is the one that connections really went to; `proofs` are what its handshakes showed.
    """

    address: str
    port: int
    connections: int
    session: SessionEvidence | None
    proofs: tuple[Proof, ...] = ()


def build(
    *,
    policy: policy_model.Policy,
    verdicts: Iterable[Verdict],
    targets: Mapping[str, Sequence[TargetSummary]],
    locate: Callable[[Route], Location],
    excerpt: Callable[[Location], str],
    rules: Sequence[RuleInfo],
    started: datetime,
    seconds: float,
    connections: int,
    fail_on: Level,
    tolerate_inconclusive: bool,
    version: str,
    problems: Sequence[Problem] = (),
) -> Report:
    """Return the report of a run.

    `targets` is by endpoint name, `excerpt` gives the source line of a location as it stands in the
    file, `rules` are those that were asked, with text of our own, `problems` are the policy's
    warnings. Raises ValueError without any verdict: a run that checked nothing has no report.
    """
    judged = tuple(verdicts)
    if not judged:
        raise ValueError("a report needs at least one verdict")
    known = {each.rule: _unknown(each.rule) for each in judged} | {
        each.id: _rule(each) for each in rules
    }
    verdict = standing(judged, fail_on=fail_on)
    again = Again(policy, {(name, t.address): t.port for name, met in targets.items() for t in met})
    results = [
        _result(each, locate(each.route), excerpt, known[each.rule], again(each)) for each in judged
    ]
    endpoints = [_endpoint(each, targets.get(each.name, ()), started) for each in policy.endpoints]
    return Report(
        version=clean(version),
        started=started.astimezone(UTC),
        seconds=seconds,
        standing=verdict,
        exit_code=exit_code(verdict, tolerate_inconclusive=tolerate_inconclusive),
        fail_on=fail_on,
        tolerate_inconclusive=tolerate_inconclusive,
        connections=connections,
        endpoints=tuple(sorted(endpoints, key=lambda each: each.name)),
        results=tuple(sorted(results, key=_order)),
        rules=tuple(known[each] for each in sorted(known)),
        notices=tuple(notice(problem) for problem in problems),
    )


def notice(problem: Problem) -> Notice:
    """Return a policy's problem as it may be shown."""
    return Notice(
        location=safe_location(problem.location),
        message=clean(problem.message, SENTENCE_LIMIT),
        expected=clean(problem.expected, SENTENCE_LIMIT),
        hint=clean(problem.hint, SENTENCE_LIMIT),
        level=problem.level,
    )


def safe_location(location: Location) -> Location:
    """Return a location whose file name may be shown."""
    return Location(
        file=clean(location.file, PATH_LIMIT),
        line=location.line,
        column=location.column,
        end_line=location.end_line,
        end_column=location.end_column,
    )


def iso(moment: datetime) -> str:
    """Return a time in UTC as ISO 8601 with whole seconds and a Z."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _order(result: Result) -> tuple[str, str, str, int, int, str]:
    location = result.location
    return (
        result.endpoint,
        result.rule,
        result.address or "",
        location.line,
        location.column,
        result.message,
    )


def _rule(rule: RuleInfo) -> RuleInfo:
    return replace(rule, title=clean(rule.title), summary=clean(rule.summary, SENTENCE_LIMIT))


def _unknown(rule: str) -> RuleInfo:
    said = clean(rule)
    return RuleInfo(id=said, title=said, summary=said, help=said, docs_url="")


def _result(
    verdict: Verdict,
    location: Location,
    excerpt: Callable[[Location], str],
    rule: RuleInfo,
    reproduce: str,
) -> Result:
    return Result(
        rule=clean(verdict.rule),
        title=rule.title,
        docs_url=rule.docs_url,
        endpoint=clean(verdict.endpoint),
        address=None if verdict.address is None else clean(verdict.address),
        outcome=verdict.outcome,
        level=verdict.level,
        message=clean(verdict.message, SENTENCE_LIMIT),
        expected=clean(verdict.expected, SENTENCE_LIMIT),
        observed=clean(verdict.observed, SENTENCE_LIMIT),
        remedy=clean(verdict.remedy, SENTENCE_LIMIT),
        reproduce=reproduce,
        source=source(verdict.remedy, rule.help),
        phase=verdict.phase,
        cause=verdict.cause,
        transcript=tuple(
            f"{clean(line.side)}: {clean(line.text, TRANSCRIPT_LIMIT)}"
            for line in verdict.transcript
        ),
        location=safe_location(location),
        excerpt=mark(excerpt(location), location),
    )


def _endpoint(
    endpoint: policy_model.Endpoint, targets: Sequence[TargetSummary], now: datetime
) -> Endpoint:
    met = [_target(target, now) for target in targets]
    return Endpoint(
        name=clean(endpoint.name),
        host=clean(endpoint.host),
        port=endpoint.port,
        protocol=endpoint.protocol,
        mode=endpoint.mode,
        role=endpoint.role,
        targets=tuple(sorted(met, key=lambda each: each.address)),
    )


def _target(target: TargetSummary, now: datetime) -> Target:
    tls = target.session.tls if target.session is not None else None
    facts = tls if isinstance(tls, TlsFacts) else None
    return Target(
        address=clean(target.address),
        connections=target.connections,
        tls_version=_version(facts.version) if facts else None,
        cipher=clean(facts.cipher) if facts else None,
        group=(clean(facts.group) or None) if facts else None,
        certificate=_certificate(facts.chain[0], now) if facts and facts.chain else None,
        proofs=tuple(map(proved, target.proofs)),
    )


def _version(code: int) -> str:
    try:
        return TlsVersion(code).label
    except ValueError:
        return f"0x{code:04x}"


def _certificate(facts: CertificateFacts, now: datetime) -> Certificate:
    names = (*facts.dns_names, *facts.ip_addresses)
    return Certificate(
        subject=clean(facts.subject),
        names=tuple(clean(name) for name in names[:NAMES_SHOWN]),
        names_count=len(names),
        issuer=clean(facts.issuer),
        not_before=iso(facts.not_before),
        not_after=iso(facts.not_after),
        # Certificates count in whole seconds, and the last one belongs to them (RFC 5280 4.1.2.5).
        days_left=(facts.not_after - now.replace(microsecond=0)) // timedelta(days=1),
        key=_key(facts.key),
        signature=clean(facts.signature),
        sha256=clean(facts.sha256),
        spki_sha256=clean(facts.key.spki_sha256),
        serial=clean(facts.serial),
    )


def _key(key: KeyFacts) -> str:
    kind = _KEY_KINDS.get(key.kind, clean(key.kind))
    if key.kind in {"rsa", "dsa"}:
        return f"{kind} {key.bits}"
    if key.curve and key.kind == "ecdsa":
        return f"{kind} {_CURVES.get(key.curve, clean(key.curve))}"
    return kind
