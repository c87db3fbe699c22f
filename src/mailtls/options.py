"""The command line: every option, its type and its help, as one parser."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mailtls import arguments
from mailtls.terms import Level
from mailtls.usage import EPILOGS, Help, Parser

COMMANDS = ("check", "plan", "validate", "explain", "demo", "completion")
SHELLS = ("bash", "zsh", "fish")

# argparse would list every option here and again below.
_USAGES = {
    **dict.fromkeys(("check", "plan"), "%(prog)s [OPTION ...] [POLICY]"),
    "validate": "%(prog)s [OPTION ...] [POLICY ...]",
}


def build_parser(formats: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="mailtls",
        description="The CI gate for mail transport security.",
        epilog=EPILOGS[""],
        formatter_class=Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    check = _command(commands, "check", "probe the live servers and judge them by the policy")
    _policy(check)
    _choice(check)
    _output(check, formats)
    _network(check)
    _sending(check)
    plan = _command(commands, "plan", "list what would be asked, without asking it")
    _policy(plan)
    _choice(plan)
    validate = _command(commands, "validate", "check policy files alone, without any network")
    _policy(validate, "*")
    _format(validate, ("text", "github"))
    _color(validate)
    explain = _command(commands, "explain", "print what a rule checks, why, and how to mend it")
    explain.add_argument("rule", nargs="?", metavar="RULE", help="a rule's id; none lists them")
    demo = _command(commands, "demo", "check drifted servers on loopback; needs no network")
    _color(demo)
    completion = _command(
        commands, "completion", "print a script that completes commands in a shell"
    )
    completion.add_argument("shell", choices=SHELLS, help="the shell")
    return parser


def _command(
    commands: argparse._SubParsersAction[Parser], name: str, help_text: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=help_text,
        description=f"{help_text[0].upper()}{help_text[1:]}.",
        epilog=EPILOGS[name],
        usage=_USAGES.get(name),
        formatter_class=Help,
        allow_abbrev=False,
    )


def _policy(parser: argparse.ArgumentParser, nargs: str = "?") -> None:
    parser.add_argument(
        "policy",
        nargs=nargs,
        metavar="POLICY",
        help="the policy; default: mailtls.yml, mailtls.yaml, .github/mailtls.yml, .mailtls.yml",
    )


def _choice(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is checked")
    group.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME|GLOB",
        help="these endpoints alone; repeatable",
    )
    group.add_argument(
        "--rule", action="append", default=[], metavar="ID", help="these rules alone; repeatable"
    )


def _format(parser: argparse._ActionsContainer, formats: Sequence[str]) -> None:
    listed = ", ".join(formats)
    parser.add_argument(
        "--format",
        choices=formats,
        default="text",
        metavar="FORMAT",
        help=f"what is printed (default text): {listed}",
    )


def _color(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colours: in a terminal (auto, the default), always or never",
    )


def _output(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    group = parser.add_argument_group("output")
    _format(group, formats)
    group.add_argument(
        "--report",
        action="append",
        default=[],
        type=arguments.report(formats),
        metavar="FORMAT=PATH",
        help="write a report to a file; repeatable",
    )
    group.add_argument(
        "--fail-on",
        type=arguments.level,
        default=Level.ERROR,
        metavar="error|warning|note",
        help="the least level that fails the run (default error)",
    )
    group.add_argument(
        "--inconclusive",
        choices=("fail", "warn"),
        default="fail",
        help="whether what could not be determined ends with exit code 3 (default fail)",
    )
    _color(group)
    group.add_argument(
        "-q", "--quiet", action="store_true", help="leave out what is in order, and progress"
    )
    group.add_argument(
        "-v", "--verbose", action="store_true", help="add the transcript to each finding"
    )


def _network(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("network")
    group.add_argument(
        "--connect-to",
        action="append",
        default=[],
        type=arguments.detour,
        metavar="HOST:PORT:HOST:PORT",
        help="connect elsewhere; identity and server name stay; repeatable",
    )
    group.add_argument(
        "--resolver",
        type=arguments.resolver,
        metavar="ADDRESS[:PORT]",
        help="DNS server, or tls://ADDRESS",
    )
    group.add_argument(
        "--proxy",
        type=arguments.proxy,
        metavar="socks5://HOST:PORT",
        help="connect by way of a SOCKS5 proxy; names are resolved here",
    )
    group.add_argument(
        "--ca-file", type=Path, metavar="PEM", help="trust these roots beside the system's"
    )
    group.add_argument(
        "--timeout",
        type=arguments.number(1, 3600, float),
        default=60.0,
        metavar="SECONDS",
        help="one endpoint's total (default 60)",
    )
    group.add_argument(
        "--per-host",
        type=arguments.number(1, 1000, int),
        default=4,
        metavar="N",
        help="parallel connections to one address (default 4)",
    )
    group.add_argument(
        "--gentle",
        action="store_true",
        help="one connection to an address at a time, and at most one a second",
    )
    group.add_argument(
        "--concurrency",
        type=arguments.number(1, 10000, int),
        default=32,
        metavar="N",
        help="addresses probed at once (default 32)",
    )
    group.add_argument(
        "--retries",
        type=arguments.number(0, 10, int),
        default=1,
        metavar="N",
        help="further tries where there was no answer (default 1)",
    )
    group.add_argument(
        "--client-name", metavar="NAME", help="the name said in EHLO (default: this host's)"
    )


def _sending(parser: argparse.ArgumentParser) -> None:
    """Add what the workflow allows of deliveries, and the policy cannot."""
    group = parser.add_argument_group("deliveries")
    group.add_argument(
        "--send", action="store_true", help="send the policy's test messages and look for them"
    )
    group.add_argument(
        "--credential",
        action="append",
        default=[],
        type=arguments.binding,
        metavar="NAME=HOST:PORT",
        help="where a login of the policy may be sent; its values are MAILTLS_NAME_USERNAME and"
        " _PASSWORD or _TOKEN in the environment; repeatable",
    )
    group.add_argument(
        "--send-domain",
        action="append",
        default=[],
        type=arguments.domain,
        metavar="DOMAIN",
        help="a domain that messages may be from and to (default: those of the policy); repeatable",
    )
    group.add_argument(
        "--allow-privileged-trigger",
        action="store_true",
        help="send also on events that strangers set off, as pull_request_target",
    )
