"""`mailtls check`: policy in, live servers probed, verdict out."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from mailtls import __version__, terminal
from mailtls.commands import narrow, nothing_to_judge, page, policy_path
from mailtls.errors import DOCS, PolicyError
from mailtls.means import open_report, read_anchors
from mailtls.outset import set_out
from mailtls.policy.load import load_policy
from mailtls.refusals import print_problems, tell_problems, write_no_verdict
from mailtls.report import FORMATS
from mailtls.terms import Outcome
from mailtls.verdict import ExitCode

if TYPE_CHECKING:
    from mailtls.book import EvidenceBook
    from mailtls.policy.model import Policy
    from mailtls.report.model import Report, RuleInfo
    from mailtls.report.style import Style
    from mailtls.rules.base import Rule
    from mailtls.sending import Sending


def check(
    options: argparse.Namespace, *, output: TextIO | None, summary: TextIO | None
) -> ExitCode:
    """Run the whole way of the data once and write every report that was asked for."""
    style = terminal.style(
        sys.stdout,
        os.environ,
        color=options.color,
        quiet=options.quiet,
        verbose=options.verbose,
    )
    try:
        policy, document, warnings = load_policy(policy_path(options.policy))
    except PolicyError as error:
        tell_problems(error.problems, options)
        write_no_verdict(output)
        return ExitCode.ERROR
    if options.format != "github":
        print_problems(warnings, options.color)
    policy = narrow(policy, options.only)
    if options.rule:
        _chosen(options)  # a rule that is none is an error before the first packet
    sending = None
    if options.send:
        from mailtls.sending import prepare

        sending = prepare(policy, options, _chosen(options), os.environ)
    files = [(open_report(each.path), each.format) for each in options.report]
    anchors = read_anchors(options.ca_file)
    started, clock = datetime.now(UTC), time.monotonic()
    book = asyncio.run(_observe(policy, options, anchors=anchors, now=started, sending=sending))
    # Late: judging and reporting are loaded while servers answer (`warmup`).
    from mailtls.judge import judge
    from mailtls.net.routes import Routes
    from mailtls.report.build import build
    from mailtls.rules.waiver import RULE as WAIVER
    from mailtls.summaries import summaries

    rules = _chosen(options)

    verdicts = judge(policy, rules, book, started)
    judged = (verdict.outcome for verdict in verdicts if verdict.rule != WAIVER.id)
    if all(outcome is Outcome.NOT_APPLICABLE for outcome in judged):
        # Nothing was checked, and that is never green.
        raise nothing_to_judge()
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
    if policy.deliveries:
        from mailtls.report.flow import flows_of

        report = replace(report, flows=flows_of(policy, book.deliveries))
    _publish(report, options, style)
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


async def _observe(
    policy: Policy,
    options: argparse.Namespace,
    *,
    anchors: bytes,
    now: datetime,
    sending: Sending | None,
) -> EvidenceBook:
    async with set_out(policy, options) as ways:
        rules = await asyncio.to_thread(_chosen, options)
        from mailtls.gather import gather

        return await gather(policy, rules, options, ways, anchors=anchors, now=now, sending=sending)


def _chosen(options: argparse.Namespace) -> tuple[Rule, ...]:
    # Late: rules and all they judge by are loaded while the first packets are on their way.
    from mailtls.rules import RULES, select

    return select(RULES, options.rule)


def _described(rule: Rule) -> RuleInfo:
    from mailtls.report.model import RuleInfo

    return RuleInfo(
        id=rule.id,
        title=rule.title,
        summary=rule.summary,
        help=page(rule.id),
        docs_url=f"{DOCS}rules/{rule.id}.md",
    )


def _token() -> str:
    import secrets

    return secrets.token_hex(16)


def _publish(report: Report, options: argparse.Namespace, style: Style) -> None:
    if options.format == "text":
        from mailtls.report import text

        shown = text.render(report, style)
    else:
        shown = FORMATS[options.format](report)
    sys.stdout.write(shown)
    sys.stdout.flush()


def _write_to(file: TextIO, content: str) -> None:
    file.write(content)
    file.flush()
