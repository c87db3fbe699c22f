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
from mailtls.report.findings import Finding, cost, groups, merge, tally
from mailtls.report.model import Notice, Report
from mailtls.report.text import Paint, block, passing
from mailtls.terms import Cause, Level, Outcome
from mailtls.verdict import Location

PER_LEVEL = 10
"""Annotations of one level the runner shows for one step."""

MESSAGE_LIMIT = 4096
"""Characters after which the runner cuts a message."""

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
            lines += [passing(endpoint, Paint(on=False))] if endpoint is not None else []
        else:
            lines += [f"::group::{_data(group.endpoint)}", *block(group), "::endgroup::"]
    lines += annotate([*_of_report(report), *map(_of_notice, report.notices)])
    lines.append(f"{report.standing.value.upper()}: {tally(report)} ({cost(report)})")
    return "".join(f"{line}\n" for line in lines)


def render_problems(problems: Sequence[Problem]) -> str:
    """Return annotations for what is wrong with a policy."""
    found = [_of_notice(notice(problem)) for problem in problems]
    return "".join(f"{line}\n" for line in annotate(found))


def annotate(annotations: Iterable[Annotation]) -> list[str]:
    """Return the commands of annotations, at most ten of each level, the last with the rest's number."""
    lines: list[str] = []
    by_level: dict[Level, list[Annotation]] = {level: [] for level in Level}
    for annotation in annotations:
        by_level[annotation.level].append(annotation)
    for level, found in by_level.items():
        hidden = len(found) - PER_LEVEL
        for number, annotation in enumerate(found[:PER_LEVEL], start=1):
            more = ""
            if hidden > 0 and number == PER_LEVEL:
                noun = "finding" if hidden == 1 else "findings"
                more = f"\n\nand {hidden} more {noun} of this level: see the step summary"
            lines.append(_command(_COMMANDS[level], annotation, more))
    return lines


def _of_report(report: Report) -> list[Annotation]:
    told = [
        result
        for result in report.results
        if result.outcome is Outcome.FAIL
        or (result.outcome is Outcome.INCONCLUSIVE and result.cause is not Cause.PREREQUISITE)
    ]
    if not any(result.outcome is not Outcome.PASS for result in told):
        told = [result for result in report.results if result.outcome is Outcome.INCONCLUSIVE]
    return [_of_finding(finding, report) for finding in merge(told)]


def _of_finding(finding: Finding, report: Report) -> Annotation:
    result = finding.result
    level = result.level
    parts = [finding.place, result.message]
    if result.expected:
        parts.append(f"expected: {result.expected}")
    if result.outcome is Outcome.FAIL:
        parts.append(f"observed: {result.observed}")
        parts.append(f"fix: {result.remedy}")
    else:
        level = Level.WARNING if report.tolerate_inconclusive else Level.ERROR
        parts.append(f"stopped in {result.phase}, {result.cause}")
    if result.docs_url:
        parts.append(result.docs_url)
    return Annotation(
        level=level,
        location=result.location,
        title=f"mailtls {result.rule}: {result.title}",
        message="\n".join(parts),
    )


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
    message = annotation.message[: MESSAGE_LIMIT - len(more)] + more
    return f"::{name} {written}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
