"""Write, or check, the manual page mailtls(1), from the parser that the program has.

python tools/manpage.py          exit 1 where the page is stale
python tools/manpage.py --fix    rewrite it
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from mailtls import __version__
from mailtls.completion import commands
from mailtls.options import build_parser
from mailtls.report import FORMATS

DATE = "2026-11-25"
PAGE = Path(__file__).resolve().parent.parent / "src" / "mailtls" / "share" / "mailtls.1"

ENVIRONMENT = {
    "NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR, TERM": "decide on colours where --color does not",
    "COLUMNS": "the width of text, from 40 to 120",
    "CI, TF_BUILD, GITLAB_CI, CIRCLECI, JENKINS_URL": "say that output is the log of a job",
    "MAILTLS_LOG": "says which log it is: plain, azure, gitlab, circleci or jenkins",
    "SSL_CERT_FILE, SSL_CERT_DIR": "the system's roots, as OpenSSL reads them",
}
FILES = {
    "mailtls.yml, mailtls.yaml, .github/mailtls.yml, .mailtls.yml": "the policy, where none is named",
}
CODES = {
    "0": "every expectation was checked and holds",
    "1": "at least one does not hold, at --fail-on or above",
    "2": "the policy or the command line is wrong; nothing was judged",
    "3": "nothing failed, but something could not be determined",
}


def page() -> str:
    """Return the page in man(7)."""
    parser = build_parser(tuple(FORMATS))
    lines = [
        f'.TH MAILTLS 1 {DATE} "mailtls {__version__}" "User Commands"',
        ".SH NAME",
        r"mailtls \- gate for the transport security of mail servers",
        ".SH SYNOPSIS",
    ]
    synopses = [f".B mailtls {name}\n.I {_argument_of(name)}" for name in commands(parser)]
    lines += [
        "\n.br\n".join(synopses),
        ".SH DESCRIPTION",
        _text(parser.description or ""),
        "It reads a policy of expected mail endpoints, probes the live servers, and says of each",
        "expectation whether it holds, with its place in the policy, what was observed, and the fix.",
    ]
    for name, command in commands(parser).items():
        lines += [f'.SH "MAILTLS {name.upper()}"', _text(command.description or "")]
        for group in command._action_groups:  # noqa: SLF001 - argparse has no other way to them
            actions = [a for a in group._group_actions if a.dest != "help"]  # noqa: SLF001
            if actions and group.title not in ("options", "positional arguments"):
                lines.append(f'.SS "{group.title}"')
            for action in actions:
                lines += [".TP", _name(action), _text(action.help or "")]
        lines += _example(command.epilog or "")
    for title, table in (("EXIT STATUS", CODES), ("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)):
        lines.append(f'.SH "{title}"')
        for name, said in table.items():
            lines += [".TP", f".B {_text(name)}", _text(said)]
    return "\n".join([*lines, ".SH SEE ALSO", ".BR openssl (1)", ""])


def _argument_of(command: str) -> str:
    return {"explain": "[RULE]", "demo": "[OPTION ...]", "completion": "SHELL"}.get(
        command, "[OPTION ...] [POLICY]"
    )


def _name(action: argparse.Action) -> str:
    value = (
        "" if action.nargs == 0 else str(action.metavar or "|".join(map(str, action.choices or ())))
    )
    if not action.option_strings:
        return rf".I {_text(value)}"
    names = ", ".join(rf"\fB{_text(each)}\fR" for each in action.option_strings)
    return f"{names} \\fI{_text(value)}\\fR" if value else names


def _example(epilog: str) -> Iterator[str]:
    """Yield the examples as they stand in the help; the exit codes have a section of their own."""
    shown = epilog.partition("exit codes:")[0].partition("documentation:")[0].rstrip()
    yield from (".PP", ".nf", *(_text(line) for line in shown.splitlines()), ".fi")


def _text(text: str) -> str:
    """Return a line in which nothing is a request or an escape."""
    escaped = text.replace("%%", "%").replace("\\", r"\e").replace("-", r"\-")
    escaped = escaped.replace("'", r"\(aq").replace("~", r"\(ti").replace("^", r"\(ha")
    return rf"\&{escaped}" if escaped.startswith(".") else escaped


def main() -> int:
    """Check the page, or write it again."""
    made = page()
    if sys.argv[1:] == ["--fix"]:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    fresh = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == made
    if not fresh:
        print("mailtls.1 is stale: run python tools/manpage.py --fix")
    return 0 if fresh else 1


if __name__ == "__main__":
    sys.exit(main())
