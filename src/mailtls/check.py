"""`mailtls check`: policy in, live servers probed, verdict out."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from mailtls import __version__
from mailtls.commands import narrow, page, policy_path, print_problems
from mailtls.errors import PolicyError, UsageError
from mailtls.gather import gather
from mailtls.judge import judge
from mailtls.net.routes import Routes
from mailtls.policy.load import load_policy
from mailtls.report import FORMATS
from mailtls.report.model import Report, RuleInfo
from mailtls.rules import RULES, select
from mailtls.rules.base import Rule
from mailtls.terms import Outcome
from mailtls.verdict import ExitCode

DOCS = "https://github.com/mailtls/mailtls/blob/main/docs/rules/"

_NO_VERDICT = {"verdict": "error", "exit-code": str(ExitCode.ERROR.value)}


def check(
    options: argparse.Namespace, *, output: TextIO | None, summary: TextIO | None
) -> ExitCode:
    """Run the whole way of the data once and write every report that was asked for."""
    path = policy_path(options.policy)
    annotate = options.format == "github"
    try:
        policy, document, warnings = load_policy(path)
    except PolicyError as error:
        return _no_verdict(error, output, annotate=annotate)
    if warnings and not annotate:
        print_problems(warnings)
    policy = narrow(policy, options.only)
    rules = select(RULES, options.rule)
    sending = None
    if options.send:
        from mailtls.sending import prepare

        sending = prepare(policy, options, rules, os.environ)
    files = [(_open(each.path), each.format) for each in options.report]
    anchors = _anchors(options.ca_file)
    started, clock = datetime.now(UTC), time.monotonic()
    book = asyncio.run(
        gather(policy, rules, options, anchors=anchors, now=started, sending=sending)
    )
    from mailtls.report.build import build
    from mailtls.report.flow import flows_of
    from mailtls.summaries import summaries

    verdicts = judge(policy, rules, book, started)
    if all(verdict.outcome is Outcome.NOT_APPLICABLE for verdict in verdicts):
        # Nothing was checked, and that is never green.
        raise UsageError("nothing to judge: the chosen rules have no meaning for these endpoints")
    report = build(
        policy=policy,
        verdicts=verdicts,
        targets=summaries(policy, book, Routes(detours=options.connect_to), started),
        locate=document.locate,
        excerpt=document.excerpt,
        rules=[_described(rule) for rule in rules],
        started=started,
        seconds=time.monotonic() - clock,
        connections=book.connections,
        fail_on=options.fail_on,
        tolerate_inconclusive=options.inconclusive == "warn",
        version=__version__,
        problems=warnings,
    )
    report = replace(report, flows=flows_of(policy, book.deliveries))
    _publish(report, options)
    for file, form in files:
        with file:
            file.write(FORMATS[form](report))
    if summary is not None:
        from mailtls.report import summary as step_summary

        _write_to(summary, step_summary.render(report))
    if output is not None:
        from mailtls.report import outputs

        paths = {each.format: str(each.path) for each in options.report}
        _write_to(output, outputs.render(report, paths, _token))
    return report.exit_code


def _no_verdict(error: PolicyError, output: TextIO | None, *, annotate: bool) -> ExitCode:
    from mailtls.report import outputs
    from mailtls.report.github import render_problems

    if annotate:
        sys.stdout.write(render_problems(error.problems))
    else:
        print_problems(error.problems)
    if output is not None:
        _write_to(output, outputs.render_values(_NO_VERDICT, _token))
    return ExitCode.ERROR


def _described(rule: Rule) -> RuleInfo:
    return RuleInfo(
        id=rule.id,
        title=rule.title,
        summary=rule.summary,
        help=page(rule.id),
        docs_url=f"{DOCS}{rule.id}.md",
    )


def _token() -> str:
    return os.urandom(16).hex()


def _publish(report: Report, options: argparse.Namespace) -> None:
    if options.format == "text":
        from mailtls.report import text

        shown = text.render(
            report,
            color=_wants_color(options.color),
            quiet=options.quiet,
            verbose=options.verbose,
        )
    else:
        shown = FORMATS[options.format](report)
    sys.stdout.write(shown)
    sys.stdout.flush()


def _wants_color(choice: str) -> bool:
    """Return whether to colour, by no-color.org and force-color.org where nothing is said."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def _open(path: Path) -> TextIO:
    """Open a report file before the first connection: a wrong path costs the user no probe."""
    try:
        return path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"--report {path}: {error.strerror}") from error


def _anchors(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise UsageError(f"--ca-file {path}: {error.strerror}") from error
    if b"-----BEGIN CERTIFICATE-----" not in pem:
        raise UsageError(f"--ca-file {path}: holds no PEM certificate")
    return pem


def _write_to(file: TextIO, content: str) -> None:
    file.write(content)
    file.flush()
