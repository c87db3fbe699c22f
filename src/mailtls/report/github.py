"""Workflow commands: annotations on the policy's lines, and a log that folds.

Escaping is the runner's own, in reverse: in data `%`, CR and LF; in properties `:` and `,` too. Of
each level only ten annotations of a step are shown, so every line that is at fault gets its first
before one gets its second, and the tenth says how many more there are.
Columns are dropped by the runner where a span has several lines; here spans have one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from mailtls.errors import Problem
from mailtls.report.annotations import Annotation, by_line, of_problems, of_report
from mailtls.report.findings import cost, groups, tally
from mailtls.report.model import Report
from mailtls.report.text import block, passing, waived
from mailtls.terms import Level

PER_LEVEL = 10
"""Annotations of one level the runner shows for one step."""

MESSAGE_LIMIT = 4096
"""UTF-16 code units after which the runner, whose strings are made of them, cuts a message."""

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def render(report: Report) -> str:
    """Return the log of a run: a line for what passed, a group for what did not, then annotations."""
    lines: list[str] = []
    endpoints = {endpoint.name: endpoint for endpoint in report.endpoints}
    for group in groups(report):
        if group.quiet:
            endpoint = endpoints.get(group.endpoint)
            if endpoint is not None:
                lines += passing(endpoint, group)
        else:
            lines += [f"::group::{_data(group.endpoint)}", *block(group), "::endgroup::"]
        lines += waived(group)
    lines += annotate(of_report(report))
    lines.append(f"{report.standing.value.upper()}: {tally(report)} ({cost(report)})")
    return "".join(f"{line}\n" for line in lines)


def render_problems(problems: Sequence[Problem]) -> str:
    """Return annotations for what is wrong with a policy."""
    found = of_problems(problems)
    return "".join(f"{line}\n" for line in annotate(found))


def render_refusal(said: Sequence[str]) -> str:
    """Return the error of a run that could not begin; its lines are clean."""
    text = _data("\n".join(said))
    return f"::error title=mailtls::{text}\n"


def annotate(found: Iterable[Annotation]) -> list[str]:
    """Return the commands of annotations, heaviest first and then by line.

    At most ten of each level are made, the last with the number of the rest.
    """
    lines: list[str] = []
    by_level: dict[Level, list[Annotation]] = {level: [] for level in Level}
    for annotation in sorted(found, key=by_line):
        by_level[annotation.level].append(annotation)
    for level, told in by_level.items():
        hidden = len(told) - PER_LEVEL
        for number, annotation in enumerate(_spread(told), start=1):
            more = ""
            if hidden > 0 and number == PER_LEVEL:
                noun = "finding" if hidden == 1 else "findings"
                more = f"\n\nand {hidden} more {noun} of this level: see the step summary"
            lines.append(_command(_COMMANDS[level], annotation, more))
    return lines


def _spread(told: Sequence[Annotation]) -> list[Annotation]:
    """Return those that are made of one level, by line: the first of each line, then the second."""
    turns: Counter[tuple[str, int]] = Counter()
    ranked: list[tuple[int, int]] = []
    for number, annotation in enumerate(told):
        line = (annotation.location.file, annotation.location.line)
        ranked.append((turns[line], number))
        turns[line] += 1
    return [told[number] for number in sorted(at for _, at in sorted(ranked)[:PER_LEVEL])]


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
