"""Findings as a CI marks them on the policy's lines, before any CI's own escaping."""

from __future__ import annotations

from collections.abc import Sequence

from mailtls.errors import Problem
from mailtls.pure import pure
from mailtls.report.build import notice
from mailtls.report.findings import Finding, Group, groups, observed, weight
from mailtls.report.model import Notice, Report
from mailtls.terms import Level, Outcome
from mailtls.verdict import Location


@pure
class Annotation:
    """One mark: where, how heavy, and what is said; `code` is the rule, or "policy"."""

    level: Level
    location: Location
    code: str
    title: str
    message: str


def of_report(report: Report) -> list[Annotation]:
    """Return a run's annotations: one for each rule and endpoint, then the policy's warnings."""
    found = [each for group in groups(report) for each in _of_group(group, report)]
    return [*found, *map(_of_notice, report.notices)]


def by_line(annotation: Annotation) -> tuple[str, int, int]:
    """Return the order of annotations in a file."""
    location = annotation.location
    return (location.file, location.line, location.column)


def of_problems(problems: Sequence[Problem]) -> list[Annotation]:
    """Return annotations for what is wrong with a policy."""
    return [_of_notice(notice(problem)) for problem in problems]


def _of_group(group: Group, report: Report) -> list[Annotation]:
    """Return one annotation for each rule, whatever it said of how many addresses."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in group.findings:
        by_rule.setdefault(finding.result.rule, []).append(finding)
    made = [_of_findings(found, report) for found in by_rule.values()]
    told = [finding.result for finding in group.findings]
    if group.behind and not any(
        report.fails(each) or each.outcome is Outcome.INCONCLUSIVE for each in told
    ):
        # What they wait for weighs too little to explain why the run is not green.
        made.append(
            Annotation(
                level=_unknown(report),
                location=group.behind[0].result.location,
                code=group.behind[0].result.rule,
                title="mailtls: could not be determined",
                message=f"{group.endpoint}: could not be judged: {', '.join(group.unjudged)}",
            )
        )
    return made


def _of_findings(found: Sequence[Finding], report: Report) -> Annotation:
    ordered = sorted(found, key=weight)
    worst = ordered[0].result
    levels = [
        each.result.level if each.result.outcome is Outcome.FAIL else _unknown(report)
        for each in ordered
    ]
    parts = ["\n".join(_sentences(each)) for each in ordered]
    return Annotation(
        level=next(level for level in Level if level in levels),
        location=worst.location,
        code=worst.rule,
        title=f"mailtls {worst.rule}: {worst.title}",
        message="\n\n".join(parts) + (f"\n{worst.docs_url}" if worst.docs_url else ""),
    )


def _unknown(report: Report) -> Level:
    return Level.WARNING if report.tolerate_inconclusive else Level.ERROR


def _sentences(finding: Finding) -> list[str]:
    result = finding.result
    parts = [finding.place, result.message]
    if result.expected:
        parts.append(f"expected: {result.expected}")
    if seen := observed(result):
        parts.append(f"observed: {seen}")
    if result.outcome is Outcome.FAIL:
        parts += [f"certificate: {each}" for each in finding.certificates]
    else:
        parts.append(f"stopped in {result.phase}, {result.cause}")
    return [*parts, f"fix: {result.remedy}"] if result.remedy else parts


def _of_notice(told: Notice) -> Annotation:
    parts = [told.message]
    parts += [f"expected: {told.expected}"] if told.expected else []
    parts += [told.hint] if told.hint else []
    return Annotation(
        level=told.level,
        location=told.location,
        code="policy",
        title="mailtls policy",
        message="\n".join(parts),
    )
