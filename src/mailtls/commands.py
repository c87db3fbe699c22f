"""What each command does, from parsed options to an exit code."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from mailtls import __version__
from mailtls.errors import PolicyError, UsageError
from mailtls.options import build_parser
from mailtls.policy.files import find_policy
from mailtls.policy.load import load_policy
from mailtls.policy.model import Policy, named
from mailtls.refusals import print_problems, refuse, tell_problems
from mailtls.report import FORMATS
from mailtls.sanitizer import clean
from mailtls.verdict import ExitCode

if TYPE_CHECKING:
    from mailtls.policy.delivery import Delivery

ISSUES = "https://github.com/mailtls/mailtls/issues"


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
        return refuse(error, options, output)
    except BrokenPipeError:
        # The reader of our output has gone; what it did not read is no error of the policy's.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ERROR
    except KeyboardInterrupt:
        sys.stderr.write("mailtls: interrupted\n")
        return ExitCode.ERROR
    except Exception:  # noqa: BLE001 - an error of ours must never look like a verdict
        sys.stderr.write(clean(traceback.format_exc(), 20000).replace("\\x0a", "\n"))
        sys.stderr.write(
            f"\nmailtls: internal error; please report it with the lines above:\n{ISSUES}\n"
        )
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
        case "completion":
            from mailtls.completion import script
            from mailtls.rules import RULES

            ids = [rule.id for rule in RULES]
            sys.stdout.write(script(options.shell, build_parser(tuple(FORMATS)), ids))
            return ExitCode.PASS
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
        if not any(named(endpoint.name, pattern) for endpoint in policy.endpoints):
            names = [endpoint.name for endpoint in policy.endpoints]
            near = get_close_matches(pattern, names, n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"--only {pattern}: no endpoint has that name; there are: {', '.join(names)}",
                fix=f"{meant}A glob is one word for the shell: --only 'imap*'",
            )
    chosen = [
        endpoint
        for endpoint in policy.endpoints
        if any(named(endpoint.name, pattern) for pattern in only)
    ]
    left = {endpoint.name for endpoint in chosen}
    agreements = [each for each in policy.agreements if len(left.intersection(each.endpoints)) > 1]
    deliveries = [
        each
        for each in policy.deliveries
        if each.send.endpoint in left
        and (each.receive is None or not each.receive.endpoint or each.receive.endpoint in left)
    ]
    waivers = [each for each in policy.waivers if any(named(name, each.endpoint) for name in left)]
    return replace(
        policy,
        endpoints=tuple(chosen),
        agreements=tuple(agreements),
        deliveries=tuple(deliveries),
        waivers=tuple(waivers),
    )


def plan(options: argparse.Namespace) -> int:
    """Print what would be asked of each service, and the connections it costs."""
    from mailtls.plan import build_plan
    from mailtls.probe.questions import describe
    from mailtls.report.columns import wrap
    from mailtls.rules import RULES, select
    from mailtls.terminal import width as columns_of

    policy, _, warnings = load_policy(policy_path(options.policy))
    print_problems(warnings)
    width = columns_of(sys.stdout, os.environ)
    policy = narrow(policy, options.only)
    asked = build_plan(policy, select(RULES, options.rule))
    if not asked.asks:
        raise nothing_to_judge()
    for service in asked.services:
        count, most = asked.connections(service), asked.most_connections(service)
        least = asked.least_connections(service)
        noun = "connection" if count == 1 else "connections"
        number = str(count) if least == count else f"{least} to {count}"
        more = f", at most {most} where it refuses long hellos" if most > count else ""
        head = f"{service.host}:{service.port}: {number} {noun} to each address{more}"
        told = list(wrap(head, width, rest=" " * 8))
        asks = [ask for ask in asked.asks if ask.service == service]
        if len({ask.question for ask in asks}) > count:
            told.append("  (some of these questions share a connection or are decided by another)")
        for ask in asks:
            rules = ", ".join(dict.fromkeys(rule for _, rule in ask.askers))
            told.append(f"  {describe(ask.question)}")
            told += wrap(rules, width, first="    for ", rest=" " * 8)
        sys.stdout.write("".join(f"{line}\n" for line in told))
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


def nothing_to_judge() -> UsageError:
    """Return the refusal of a run that would check nothing: that is never green."""
    return UsageError(
        "nothing to judge: the chosen rules have no meaning for these endpoints",
        fix="leave --rule or --only out, or choose others; `mailtls explain` lists the rules",
    )


def validate(options: argparse.Namespace) -> ExitCode:
    """Say of each policy whether it is sound, and print every problem it has."""
    given: Sequence[str | None] = options.policy or (None,)
    return max(_validated(policy_path(each), options) for each in given)


def _validated(path: Path, options: argparse.Namespace) -> ExitCode:
    try:
        policy, _, problems = load_policy(path)
    except PolicyError as error:
        tell_problems(error.problems, options)
        return ExitCode.ERROR
    tell_problems(problems, options)
    count = len(policy.endpoints)
    said = f"{clean(str(path))}: valid, {count} {'endpoint' if count == 1 else 'endpoints'}"
    if problems:
        said += f", {len(problems)} {'warning' if len(problems) == 1 else 'warnings'}"
    sys.stdout.write(f"{said}\n")
    return ExitCode.PASS


def explain(name: str | None) -> int:
    """Print a rule's page, or the list of rules."""
    from mailtls.rules import RULES, select

    if name is None:
        width = max(len(rule.id) for rule in RULES)
        for rule in RULES:
            sys.stdout.write(f"{rule.id:<{width}}  {rule.summary}\n")
        return ExitCode.PASS
    from mailtls.report.manual import fitted
    from mailtls.terminal import width as columns_of

    select(RULES, [name])
    sys.stdout.write(fitted(page(name), columns_of(sys.stdout, os.environ)))
    return ExitCode.PASS


def page(rule: str) -> str:
    """Return a rule's page, in Markdown."""
    return Path(__file__).with_name("pages").joinpath(f"{rule}.md").read_text(encoding="utf-8")
