"""What is wrong with a policy, for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailtls.errors import Problem
from mailtls.report.build import notice
from mailtls.report.excerpt import mark
from mailtls.report.style import Style
from mailtls.report.text import PLAIN, colored, excerpt_lines, labelled
from mailtls.verdict import Location


def render(
    problems: Sequence[Problem], excerpt: Callable[[Location], str], style: Style = PLAIN
) -> str:
    """Return each problem as `file:line:column: level: message` with its line, expectation and hint."""
    lines: list[str] = []
    for problem in problems:
        told = notice(problem)
        place = f"{told.location.file}:{told.location.line}:{told.location.column}"
        lines.append(f"{place}: {colored(told.level, style)}: {told.message}")
        marked = mark(excerpt(problem.location), problem.location)
        lines += list(excerpt_lines(told.location, marked, style))[1:]
        lines += labelled("expected:", told.expected, style) if told.expected else []
        lines += labelled("hint:", told.hint, style) if told.hint else []
    return "".join(f"{line}\n" for line in lines)
