"""From policy, rules, evidence and a clock to verdicts: the same input always gives the same output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from mailtls.book import EvidenceBook
from mailtls.evidence import Observation, Observed
from mailtls.policy.model import AddressChoice, Endpoint, Policy
from mailtls.probe.questions import Question, Service, Target
from mailtls.pure import pure
from mailtls.rules.across import Placed, RunView
from mailtls.rules.again import client
from mailtls.rules.base import Finding, Rule, TargetView, session_question
from mailtls.rules.vantage import is_loopback
from mailtls.rules.waiver import settle
from mailtls.terms import Outcome
from mailtls.verdict import Route, Verdict

_PROVED = frozenset({Outcome.FAIL, Outcome.INCONCLUSIVE})


@pure
class _Judged:
    """The verdicts on one target, and the rank of the worst that counts against it."""

    address: str | None
    rank: int
    verdicts: tuple[Verdict, ...]


def judge(
    policy: Policy, rules: Iterable[Rule], book: EvidenceBook, now: datetime
) -> tuple[Verdict, ...]:
    """Return every verdict, sorted by endpoint, rule and address; `now` is aware."""
    chosen = tuple(rules)
    views = _views(policy, book, now)
    run = RunView(policy=policy, targets=views, deliveries=book.deliveries)
    verdicts, explained = _judge_across(run, chosen)
    for endpoint in policy.endpoints:
        judged = [
            _explained(_judge_target(view, chosen), explained.get(view.place))
            for view in views
            if view.endpoint is endpoint
        ]
        if endpoint.addresses is AddressChoice.ANY:
            judged = _any_of(judged)
        verdicts += [verdict for each in judged for verdict in each.verdicts]
    settled = settle(policy, verdicts, {rule.id for rule in chosen}, now)
    return tuple(sorted(settled, key=_order))


def _views(policy: Policy, book: EvidenceBook, now: datetime) -> tuple[TargetView, ...]:
    answers: dict[Target | None, dict[Question, Observation]] = {}
    for (target, question), observation in book.answers.items():
        answers.setdefault(target, {})[question] = observation
    at_home = (target for (target, _), seen in book.answers.items() if isinstance(seen, Observed))
    bare = book.in_container and not any(is_loopback(target.address) for target in at_home)
    return tuple(
        TargetView(
            endpoint=endpoint,
            profile=policy.profile_of(endpoint),
            target=target,
            answers=answers.get(target, {}),
            unresolved=book.unresolved(endpoint),
            now=now,
            in_bare_container=bare,
            resolved=book.led.get(Service(host=endpoint.host, port=endpoint.port), endpoint.host),
        )
        for endpoint in policy.endpoints
        for target in (*book.targets(endpoint),) or (None,)
    )


def _judge_across(run: RunView, rules: Iterable[Rule]) -> tuple[list[Verdict], dict[Target, str]]:
    """Return the verdicts over several targets, and which of them tells why a target says nothing."""
    verdicts: list[Verdict] = []
    explained: dict[Target, str] = {}
    for rule in rules:
        if rule.across is None:
            continue
        told = tuple(view for view in run.targets if view.place not in explained)
        for placed in rule.across(replace(run, targets=told)):
            verdicts.append(_place(rule, placed))
            explained |= dict.fromkeys(placed.explains, rule.id)
    return verdicts, explained


def _place(rule: Rule, placed: Placed) -> Verdict:
    view = placed.view
    address = None if view is None or view.target is None else view.target.address
    answers = {} if view is None else view.answers
    verdict = _verdict(rule, placed.endpoint, answers, address, placed.finding)
    if placed.route is not None:
        verdict = replace(verdict, route=placed.route)
    if placed.transcript is not None and placed.finding.outcome in _PROVED:
        verdict = replace(verdict, transcript=placed.transcript, again=None)
    return verdict


def _explained(judged: _Judged, rule: str | None) -> _Judged:
    """Return what counts of a target whose silence another rule tells once for all."""
    if rule is None:
        return judged
    where = "" if judged.address is None else f" on {judged.address}"
    verdicts = tuple(
        _without_weight(verdict, f"not tested{where} (see the rule {rule})")
        if verdict.outcome is Outcome.INCONCLUSIVE
        else verdict
        for verdict in judged.verdicts
    )
    return replace(judged, verdicts=verdicts)


def _order(verdict: Verdict) -> tuple[tuple[str, str, str], str, str]:
    return (verdict.order, verdict.message, verdict.observed)


def _judge_target(view: TargetView, rules: Iterable[Rule]) -> _Judged:
    address = None if view.target is None else view.target.address
    rank = 0
    verdicts: list[Verdict] = []
    for rule in rules:
        if rule.expect is not view.endpoint.expect:
            continue
        for finding in rule.check(view):
            rank = max(rank, _rank(finding, view.endpoint))
            verdicts.append(_verdict(rule, view.endpoint, view.answers, address, finding))
    return _Judged(address=address, rank=rank, verdicts=tuple(verdicts))


def _rank(finding: Finding, endpoint: Endpoint) -> int:
    """Return how much a finding counts against its address: 0 not, 1 unknown, 2 failed."""
    if finding.outcome is Outcome.INCONCLUSIVE:
        return 1
    level = finding.level or endpoint.level
    return 2 if finding.outcome is Outcome.FAIL and level.at_least(endpoint.level) else 0


def _any_of(judged: list[_Judged]) -> list[_Judged]:
    """Return what `addresses: any` asks: the best address decides, the others are told and do not count.

    Where every address fails, each failure counts.
    """
    best = min(judged, key=lambda each: each.rank)
    if best.rank == max(each.rank for each in judged):
        return judged
    return [
        each
        if each.rank == best.rank
        else replace(each, verdicts=tuple(_set_aside(verdict, best) for verdict in each.verdicts))
        for each in judged
    ]


def _set_aside(verdict: Verdict, best: _Judged) -> Verdict:
    if verdict.outcome is Outcome.PASS:
        return verdict
    reason = f"does not count beside {best.address} (addresses: any): {verdict.message}"
    return _without_weight(verdict, reason)


def _without_weight(verdict: Verdict, reason: str) -> Verdict:
    return replace(
        verdict,
        outcome=Outcome.NOT_APPLICABLE,
        message=reason,
        remedy="",
        phase=None,
        cause=None,
        again=None,
    )


def _verdict(
    rule: Rule,
    endpoint: Endpoint,
    answers: Mapping[Question, Observation],
    address: str | None,
    finding: Finding,
) -> Verdict:
    missing = finding.missing
    told = finding.outcome in _PROVED
    question = finding.question or session_question(endpoint)
    seen = answers.get(question)
    return Verdict(
        rule=rule.id,
        endpoint=endpoint.name,
        address=address,
        outcome=finding.outcome,
        level=finding.level or endpoint.level,
        message=finding.message,
        expected=finding.expected,
        observed=finding.observed,
        remedy=finding.remedy,
        phase=missing.phase if missing else None,
        cause=missing.cause if missing else None,
        # The exchange that proves a failure or shows a gap; a pass needs no proof in the report.
        transcript=seen.transcript if told and seen is not None else (),
        route=_route(endpoint, finding.key),
        again=client(question, seen) if told else None,
    )


def _route(endpoint: Endpoint, key: str) -> Route:
    """Return where a finding points: its key as far as the author wrote it, else the endpoint."""
    parts = key.split(".") if key else []
    while parts:
        dotted = ".".join(parts)
        if any(w == dotted or w.startswith(f"{dotted}.") for w in endpoint.written):
            return (*endpoint.route, *parts)
        parts.pop()
    return endpoint.route
