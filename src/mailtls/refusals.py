"""What is said where nothing can be judged: a wrong policy or command line, to a person and to a CI.

How it is said is imported late: a run that can begin has none of it to say.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from mailtls.errors import DOCS, PolicyError, Problem, UsageError
from mailtls.policy.files import read_policy
from mailtls.sanitizer import clean
from mailtls.terminal import style
from mailtls.terms import Level
from mailtls.verdict import ExitCode, Location


def refuse(error: UsageError, options: argparse.Namespace, output: TextIO | None) -> ExitCode:
    """Say why nothing was done, for a person and for the workflow."""
    said = [clean(str(error), 2000)]
    said += [f"  fix:      {clean(error.fix, 2000)}"] if error.fix else []
    said += [f"  more:     {error.more}"] if error.more else []
    sys.stderr.write("mailtls: error: " + "".join(f"{line}\n" for line in said))
    if getattr(options, "format", "") == "github":
        from mailtls.report.github import render_refusal

        sys.stdout.write(render_refusal(said))
    write_no_verdict(output)
    return ExitCode.ERROR


def write_no_verdict(output: TextIO | None) -> None:
    """Write the outputs of a step that judged nothing."""
    if output is not None:
        import secrets

        from mailtls.report import outputs

        values = {"verdict": "error", "exit-code": str(ExitCode.ERROR.value)}
        output.write(outputs.render_values(values, lambda: secrets.token_hex(16)))
        output.flush()


def tell_problems(problems: Sequence[Problem], options: argparse.Namespace) -> None:
    """Print problems as annotations where the format or the log has them, and for a person."""
    if options.format == "github":
        from mailtls.report.github import render_problems

        sys.stdout.write(render_problems(problems))
        return
    print_problems(problems, options.color)
    if problems and options.format == "text":
        from mailtls.report.annotations import of_problems
        from mailtls.report.logs import marks

        log = style(sys.stdout, os.environ, color=options.color).log
        sys.stdout.write("".join(f"{line}\n" for line in marks(log, of_problems(problems))))


def print_problems(problems: Sequence[Problem], color: str = "auto") -> None:
    """Print problems for a person, on standard error."""
    if not problems:
        return
    from mailtls.report.problems import render

    sys.stderr.write(render(problems, _source_line, style(sys.stderr, os.environ, color=color)))
    if any(problem.level is Level.ERROR for problem in problems):
        sys.stderr.write(f"more: every key of a policy is described in {DOCS}policy.md\n")


def _source_line(location: Location) -> str:
    """Return the line of a policy file a problem is on, "" where the file cannot be read as text."""
    try:
        data = read_policy(Path(location.file))
    except PolicyError:
        return ""
    lines = data.decode("utf-8", "replace").split("\n")
    return lines[location.line - 1] if location.line <= len(lines) else ""
