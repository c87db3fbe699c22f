"""`mailtls check`: policy in, live servers probed, verdict out."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from mailtls import __version__
from mailtls.arguments import DnsServer
from mailtls.book import EvidenceBook
from mailtls.commands import narrow, page, policy_path, print_problems
from mailtls.errors import PolicyError, UsageError
from mailtls.evidence import Observed, SessionEvidence
from mailtls.judge import judge
from mailtls.net.dns import Resolver, ServerResolver, SystemResolver
from mailtls.net.interface import Network
from mailtls.net.live import LiveNetwork
from mailtls.net.proxy import ProxyNetwork
from mailtls.net.routes import Routes
from mailtls.plan import Plan, build_plan
from mailtls.policy.load import load_policy
from mailtls.policy.model import Policy
from mailtls.probe.attempt import Settings
from mailtls.probe.runner import Limits, Runner
from mailtls.report import FORMATS
from mailtls.report.model import Report, RuleInfo
from mailtls.rules import RULES, select
from mailtls.rules.base import Rule, session_question
from mailtls.terms import Outcome
from mailtls.verdict import ExitCode
from mailtls.warmup import warm_up

if TYPE_CHECKING:
    from mailtls.report.build import TargetSummary
    from mailtls.tls.path import SystemAnchors

DOCS = "https://github.com/mailtls/mailtls/blob/main/docs/rules/"

_NO_VERDICT = {"verdict": "error", "exit-code": str(ExitCode.ERROR.value)}

_HOST_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


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
    files = [(_open(each.path), each.format) for each in options.report]
    anchors = _anchors(options.ca_file)
    started, clock = datetime.now(UTC), time.monotonic()
    plan = build_plan(policy, rules)
    book = asyncio.run(_probe(plan, options, anchors, started))
    from mailtls.report.build import build

    verdicts = judge(policy, rules, book, started)
    if all(verdict.outcome is Outcome.NOT_APPLICABLE for verdict in verdicts):
        # Nothing was checked, and that is never green.
        raise UsageError("nothing to judge: the chosen rules have no meaning for these endpoints")
    report = build(
        policy=policy,
        verdicts=verdicts,
        targets=_summaries(policy, book),
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


async def _probe(
    plan: Plan, options: argparse.Namespace, anchors: bytes, now: datetime
) -> EvidenceBook:
    runner = Runner(
        _network(options),
        limits=Limits(
            timeout=options.timeout,
            per_host=options.per_host,
            concurrency=options.concurrency,
            retries=options.retries,
            gentle=options.gentle,
        ),
        settings=Settings(
            client_name=_client_name(options.client_name),
            extra_anchors=anchors,
            system_anchors=_system_anchors,
            randomness=os.urandom,
            now=_constant(now),
        ),
        routes=Routes(detours=options.connect_to),
    )
    asyncio.get_running_loop().call_soon(warm_up)
    return await runner.run(plan)


@cache
def _system_anchors() -> SystemAnchors:
    from mailtls.tls.path import system_anchors

    return system_anchors(os.environ)


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


def _client_name(given: str | None) -> str:
    """Return the name for EHLO: a full host name (RFC 5321 4.1.1.1), or one that is reserved."""
    if given is not None:
        if not _HOST_NAME.fullmatch(given):
            raise UsageError(f"--client-name {given}: not a full host name")
        return given
    own = socket.gethostname()
    return own if _HOST_NAME.fullmatch(own) else "mailtls.invalid"


def _summaries(policy: Policy, book: EvidenceBook) -> dict[str, list[TargetSummary]]:
    from mailtls.report.build import TargetSummary

    summaries: dict[str, list[TargetSummary]] = {}
    for endpoint in policy.endpoints:
        summaries[endpoint.name] = []
        for target in book.targets(endpoint):
            seen = book.answered(target)
            session = seen.get(session_question(endpoint))
            evidence = session.evidence if isinstance(session, Observed) else None
            summaries[endpoint.name].append(
                TargetSummary(
                    address=target.address,
                    connections=sum(each.attempts for each in seen.values()),
                    session=evidence if isinstance(evidence, SessionEvidence) else None,
                )
            )
    return summaries
