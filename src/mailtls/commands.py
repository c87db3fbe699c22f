"""What each command does, from parsed options to an exit code."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TextIO

from mailtls import __version__
from mailtls.errors import PolicyError, Problem, UsageError
from mailtls.options import build_parser
from mailtls.policy.delivery import Delivery
from mailtls.policy.files import find_policy, read_policy
from mailtls.policy.load import load_policy
from mailtls.policy.model import Policy
from mailtls.report import FORMATS
from mailtls.rules import RULES, select
from mailtls.sanitizer import clean
from mailtls.verdict import ExitCode, Location


def run(arguments: Sequence[str], *, output: TextIO | None, summary: TextIO | None) -> int:
    """Parse `arguments` and run the command; every error of the user's is one clear message."""
    parser = build_parser(tuple(FORMATS))
    try:
        options = parser.parse_args(arguments)
    except SystemExit as leaving:
        # argparse exits by itself: 0 after --help, 2 after a wrong option.
        return int(leaving.code or 0)
    if options.version:
        sys.stdout.write(f"mailtls {__version__}\n")
        return ExitCode.PASS
    if options.command is None:
        parser.print_help(sys.stderr)
        return ExitCode.ERROR
    try:
        return _dispatch(options, output=output, summary=summary)
    except PolicyError as error:
        print_problems(error.problems)
        return ExitCode.ERROR
    except UsageError as error:
        sys.stderr.write(f"mailtls: error: {clean(str(error), 2000)}\n")
        return ExitCode.ERROR
    except BrokenPipeError:
        # The reader of our output has gone; what it did not read is no error of the policy's.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ERROR
    except KeyboardInterrupt:
        sys.stderr.write("mailtls: interrupted\n")
        return ExitCode.ERROR
    except Exception:  # noqa: BLE001 - an error of ours must never look like a verdict
        sys.stderr.write(clean(traceback.format_exc(), 20000).replace("\\x0a", "\n"))
        sys.stderr.write("\nmailtls: internal error; please report it with the lines above\n")
        return ExitCode.ERROR


def _dispatch(options: argparse.Namespace, *, output: TextIO | None, summary: TextIO | None) -> int:
    match options.command:
        case "check":
            from mailtls.check import check

            return check(options, output=output, summary=summary)
        case "plan":
            return plan(options)
        case "validate":
            return validate(options)
        case "explain":
            return explain(options.rule)
        case _:
            from mailtls.demo import demo

            return demo(options)


def policy_path(given: str | None) -> Path:
    """Return the policy named on the command line, or the first of the default names."""
    return Path(given) if given is not None else find_policy(Path.cwd())


def narrow(policy: Policy, only: Sequence[str]) -> Policy:
    """Return the policy with the endpoints that `--only` names; a pattern without any is wrong."""
    if not only:
        return policy
    for pattern in only:
        if not any(fnmatchcase(endpoint.name, pattern) for endpoint in policy.endpoints):
            names = ", ".join(endpoint.name for endpoint in policy.endpoints)
            raise UsageError(f"--only {pattern}: no endpoint has that name; there are: {names}")
    chosen = [
        endpoint
        for endpoint in policy.endpoints
        if any(fnmatchcase(endpoint.name, pattern) for pattern in only)
    ]
    left = {endpoint.name for endpoint in chosen}
    agreements = [each for each in policy.agreements if len(left.intersection(each.endpoints)) > 1]
    deliveries = [
        each
        for each in policy.deliveries
        if each.send.endpoint in left
        and (each.receive is None or not each.receive.endpoint or each.receive.endpoint in left)
    ]
    return replace(
        policy,
        endpoints=tuple(chosen),
        agreements=tuple(agreements),
        deliveries=tuple(deliveries),
    )


def plan(options: argparse.Namespace) -> int:
    """Print what would be asked of each service, and the connections it costs."""
    from mailtls.plan import build_plan
    from mailtls.probe.questions import describe

    policy, _, warnings = load_policy(policy_path(options.policy))
    print_problems(warnings)
    policy = narrow(policy, options.only)
    asked = build_plan(policy, select(RULES, options.rule))
    for service in asked.services:
        mine = [ask for ask in asked.asks if ask.service == service]
        count, most = asked.connections(service), asked.most_connections(service)
        noun = "connection" if count == 1 else "connections"
        more = f", at most {most} where it refuses long hellos" if most > count else ""
        sys.stdout.write(f"{service.host}:{service.port}: {count} {noun} to each address{more}\n")
        for ask in mine:
            rules = dict.fromkeys(rule for _, rule in ask.askers)
            sys.stdout.write(f"  {describe(ask.question)}\n    for {', '.join(rules)}\n")
    for delivery in policy.deliveries:
        sys.stdout.write(_planned(delivery))
    return ExitCode.PASS


def _planned(delivery: Delivery) -> str:
    """Return what a delivery sends and where it looks for it, in lines."""
    send, receive = delivery.send, delivery.receive
    login = f", login {send.credential}" if send.credential else ""
    lines = [
        f"delivery {clean(delivery.name)}: one message, with --send alone",
        f"  from {send.sender} to {send.recipient} through {clean(send.endpoint)}{login}",
    ]
    if receive is not None:
        place = clean(receive.endpoint or receive.url)
        login = f", login {receive.credential}" if receive.credential else ""
        kept = "kept there" if receive.keep else "deleted there"
        wait = f"{receive.within:g} s"
        lines.append(f"  looked for by {receive.via} at {place}{login} for {wait}, {kept}")
    return "".join(f"{line}\n" for line in lines)


def validate(options: argparse.Namespace) -> int:
    """Say whether a policy is sound, and print every problem it has."""
    from mailtls.report.github import render_problems

    path = policy_path(options.policy)
    annotate = options.format == "github"
    try:
        policy, _, problems = load_policy(path)
    except PolicyError as error:
        if not annotate:
            raise
        sys.stdout.write(render_problems(error.problems))
        return ExitCode.ERROR
    if annotate:
        sys.stdout.write(render_problems(problems))
    else:
        print_problems(problems)
    count = len(policy.endpoints)
    noun = "endpoint" if count == 1 else "endpoints"
    sys.stdout.write(f"{clean(str(path))}: valid, {count} {noun}\n")
    return ExitCode.PASS


def print_problems(problems: Sequence[Problem]) -> None:
    """Print problems for a person, on standard error."""
    from mailtls.report.problems import render

    sys.stderr.write(render(problems, _source_line))


def _source_line(location: Location) -> str:
    """Return the line of a policy file a problem is on, "" where the file cannot be read as text."""
    try:
        data = read_policy(Path(location.file))
    except PolicyError:
        return ""
    lines = data.decode("utf-8", "replace").split("\n")
    return lines[location.line - 1] if location.line <= len(lines) else ""


def explain(name: str | None) -> int:
    """Print a rule's page, or the list of rules."""
    if name is None:
        width = max(len(rule.id) for rule in RULES)
        for rule in RULES:
            sys.stdout.write(f"{rule.id:<{width}}  {rule.summary}\n")
        return ExitCode.PASS
    select(RULES, [name])
    sys.stdout.write(page(name))
    return ExitCode.PASS


def page(rule: str) -> str:
    """Return a rule's page, in Markdown."""
    return Path(__file__).with_name("pages").joinpath(f"{rule}.md").read_text(encoding="utf-8")
