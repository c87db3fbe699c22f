"""Workflow commands: annotations on the policy's lines, and a log that folds.

Escaping is the runner's own, in reverse: in data `%`, CR and LF; in properties `:` and `,` too. Of
each level only ten annotations of a step are shown, so the tenth says how many more there are.
Columns are dropped by the runner where a span has several lines; here spans have one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailtls.errors import Problem
from mailtls.report.build import notice
from mailtls.report.findings import Finding, Group, cost, groups, tally, weight
from mailtls.report.model import Notice, Report
from mailtls.report.text import Paint, block, passing, waived
from mailtls.terms import Level, Outcome
from mailtls.verdict import Location

PER_LEVEL = 10
"""Annotations of one level the runner shows for one step."""

MESSAGE_LIMIT = 4096
"""UTF-16 code units after which the runner, whose strings are made of them, cuts a message."""

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One annotation before it is escaped."""

    level: Level
    location: Location
    title: str
    message: str


def render(report: Report) -> str:
    """Return the log of a run: a line for what passed, a group for what did not, then annotations."""
    lines: list[str] = []
    endpoints = {endpoint.name: endpoint for endpoint in report.endpoints}
    for group in groups(report):
        if group.quiet:
            endpoint = endpoints.get(group.endpoint)
            if endpoint is not None:
                lines.append(passing(endpoint, Paint(on=False), checked=group.checked))
        else:
            lines += [f"::group::{_data(group.endpoint)}", *block(group), "::endgroup::"]
        lines += waived(group)
    found = [each for group in groups(report) for each in _of_group(group, report)]
    lines += annotate([*found, *map(_of_notice, report.notices)])
    lines.append(f"{report.standing.value.upper()}: {tally(report)} ({cost(report)})")
    return "".join(f"{line}\n" for line in lines)


def render_problems(problems: Sequence[Problem]) -> str:
    """Return annotations for what is wrong with a policy."""
    found = [_of_notice(notice(problem)) for problem in problems]
    return "".join(f"{line}\n" for line in annotate(found))


def annotate(annotations: Iterable[Annotation]) -> list[str]:
    """Return the commands of annotations, heaviest first and then by line.

    At most ten of each level are made, the last with the number of the rest.
    """
    lines: list[str] = []
    by_level: dict[Level, list[Annotation]] = {level: [] for level in Level}
    for annotation in annotations:
        by_level[annotation.level].append(annotation)
    for level, found in by_level.items():
        found.sort(key=lambda each: (each.location.file, each.location.line, each.location.column))
        hidden = len(found) - PER_LEVEL
        for number, annotation in enumerate(found[:PER_LEVEL], start=1):
            more = ""
            if hidden > 0 and number == PER_LEVEL:
                noun = "finding" if hidden == 1 else "findings"
                more = f"\n\nand {hidden} more {noun} of this level: see the step summary"
            lines.append(_command(_COMMANDS[level], annotation, more))
    return lines


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
    if result.outcome is Outcome.FAIL:
        parts.append(f"observed: {result.observed}")
        parts += [f"certificate: {each}" for each in finding.certificates]
        parts.append(f"fix: {result.remedy}")
    else:
        parts.append(f"stopped in {result.phase}, {result.cause}")
    return parts


def _of_notice(told: Notice) -> Annotation:
    parts = [told.message]
    parts += [f"expected: {told.expected}"] if told.expected else []
    parts += [told.hint] if told.hint else []
    return Annotation(
        level=told.level, location=told.location, title="mailtls policy", message="\n".join(parts)
    )


def _command(name: str, annotation: Annotation, more: str) -> str:
    where = annotation.location
    properties = {
        "file": where.file,
        "line": str(where.line),
        "endLine": str(where.end_line),
        "title": annotation.title,
    }
    if where.line == where.end_line and where.end_column > where.column:
        # The runner's end column is inclusive, a location's is not.
        properties |= {"col": str(where.column), "endColumn": str(where.end_column - 1)}
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return (
        f"::{name} {written}::{_data(_cut(annotation.message, MESSAGE_LIMIT - len(more)) + more)}"
    )


def _cut(text: str, units: int) -> str:
    """Return text cut to UTF-16 code units; a half of a pair goes with the rest."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
