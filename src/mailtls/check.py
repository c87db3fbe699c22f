"""`mailtls check`: policy in, live servers probed, verdict out."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TextIO

from mailtls import __version__, terminal
from mailtls.arguments import DnsServer
from mailtls.book import EvidenceBook
from mailtls.commands import narrow, nothing_to_judge, page, policy_path
from mailtls.errors import DOCS, PolicyError
from mailtls.judge import judge
from mailtls.means import client_name, open_report, read_anchors
from mailtls.net.dns import Resolver, ServerResolver, SystemResolver
from mailtls.net.interface import Network
from mailtls.net.live import LiveNetwork
from mailtls.net.machine import in_job_container
from mailtls.net.proxy import ProxyNetwork
from mailtls.net.routes import Routes
from mailtls.plan import build_plan
from mailtls.policy.load import load_policy
from mailtls.policy.model import Policy
from mailtls.probe.attempt import Settings
from mailtls.probe.questions import RevocationQuestion
from mailtls.probe.runner import Limits, Runner
from mailtls.progress import Progress, manner, shown
from mailtls.refusals import print_problems, tell_problems, write_no_verdict
from mailtls.report import FORMATS, outputs, text
from mailtls.report import summary as step_summary
from mailtls.report.build import build
from mailtls.report.model import Report, RuleInfo
from mailtls.rules import RULES, select
from mailtls.rules.base import Rule
from mailtls.rules.waiver import RULE as WAIVER
from mailtls.summaries import summaries
from mailtls.terms import Outcome
from mailtls.tls.path import system_anchors
from mailtls.verdict import ExitCode


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
    rules = select(RULES, options.rule)
    files = [(open_report(each.path), each.format) for each in options.report]
    anchors = read_anchors(options.ca_file)
    started, clock = datetime.now(UTC), time.monotonic()
    book = asyncio.run(_probe(policy, options, anchors, started))
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
    _publish(report, options, style)
    for file, form in files:
        with file:
            file.write(FORMATS[form](report))
    _write_to(summary, step_summary.render(report))
    paths = {each.format: str(each.path) for each in options.report}
    _write_to(output, outputs.render(report, paths, _token))
    return report.exit_code


def _described(rule: Rule) -> RuleInfo:
    return RuleInfo(
        id=rule.id,
        title=rule.title,
        summary=rule.summary,
        help=page(rule.id),
        docs_url=f"{DOCS}rules/{rule.id}.md",
    )


def _token() -> str:
    return secrets.token_hex(16)


def _publish(report: Report, options: argparse.Namespace, style: text.Style) -> None:
    shown = (
        text.render(report, style) if options.format == "text" else FORMATS[options.format](report)
    )
    sys.stdout.write(shown)
    sys.stdout.flush()


def _write_to(file: TextIO | None, content: str) -> None:
    if file is not None:
        file.write(content)
        file.flush()


async def _probe(
    policy: Policy, options: argparse.Namespace, anchors: bytes, now: datetime
) -> EvidenceBook:
    network, routes = _network(options), Routes(detours=options.connect_to)
    settings = Settings(
        client_name=client_name(options.client_name),
        extra_anchors=anchors,
        system_anchors=system_anchors(os.environ),
        randomness=secrets.token_bytes,
        now=_constant(now),
    )
    progress = Progress(
        manner(sys.stderr, os.environ, quiet=options.quiet), sys.stderr, time.monotonic
    )
    runner = Runner(
        network,
        limits=Limits(
            timeout=options.timeout,
            per_host=options.per_host,
            concurrency=options.concurrency,
            retries=options.retries,
            gentle=options.gentle,
        ),
        settings=settings,
        routes=routes,
        on_open=progress.opened,
    )
    plan = build_plan(policy, select(RULES, options.rule))
    async with shown(progress):
        found = await runner.run(plan)
        book = replace(found, in_container=in_job_container(os.environ))
        if not any(isinstance(ask.question, RevocationQuestion) for ask in plan.asks):
            return book
        # Late: few runs speak HTTP, and its library is a good part of what a run has to load.
        from mailtls.probe.revocation import ask_revocation
        from mailtls.probe.web import Web

        web = Web(network=network, settings=settings, routes=routes)
        return await ask_revocation(plan, book, web, seconds=options.timeout)


def _network(options: argparse.Namespace) -> Network:
    direct = LiveNetwork(_resolver(options.resolver))
    return direct if options.proxy is None else ProxyNetwork(options.proxy, direct)


def _constant(now: datetime) -> Callable[[], datetime]:
    """Return the clock of a run: one moment, so that every certificate is judged by the same."""
    return lambda: now


def _resolver(server: DnsServer | None) -> Resolver:
    if server is None:
        return SystemResolver()
    return ServerResolver(server.address, server.port, tls=server.tls)
