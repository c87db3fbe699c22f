"""How the command line speaks: examples behind each help, and errors that say what may be meant."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from typing import NoReturn

from mailtls.errors import DOCS
from mailtls.terminal import width

_CODES = """\
exit codes: 0 all pass, 1 at least one failure, 2 policy or usage error,
            3 nothing failed but something could not be determined
"""

EPILOGS: Mapping[str, str] = {
    "": f"""\
examples:
  mailtls demo                  see it work on loopback, without a network
  mailtls check                 probe the servers of mailtls.yml and judge them
  mailtls validate mailtls.yml  is the policy itself sound
  mailtls COMMAND --help        every option of a command

{_CODES}
documentation: {DOCS}index.md
""",
    "check": f"""\
examples:
  mailtls check mailtls.yml
  mailtls check --only 'imap*' --rule certificate-expiry
      one part of the policy, one rule
  mailtls check --connect-to smtp.example.com:587:127.0.0.1:1587
      the policy of production against a staging container
  mailtls check --report junit=mailtls.xml --report sarif=mailtls.sarif
      several reports of one run
  mailtls check --inconclusive warn --fail-on warning
      tolerate silence, but no warning

{_CODES}
documentation: {DOCS}exit-codes.md
               {DOCS}reports.md
""",
    "plan": """\
examples:
  mailtls plan mailtls.yml
  mailtls plan --only 'imap*' --rule tls-version
      what a part of the policy would ask, and how many connections that takes

Nothing is contacted.
""",
    "validate": f"""\
examples:
  mailtls validate
  mailtls validate --format github mailtls.yml
      annotations at the lines of the policy

exit codes: 0 the policy is sound, warnings or not; 2 it cannot be used
documentation: {DOCS}policy.md
""",
    "explain": """\
examples:
  mailtls explain                 the list of rules
  mailtls explain tls-version     a rule: how it checks, its limits, how to fix
""",
    "demo": """\
example:
  mailtls demo                    six servers on loopback, five of them drifted

Ends with 1, for the demo shows failures. Nothing leaves this machine.
""",
    "completion": """\
examples:
  mailtls completion bash > ~/.local/share/bash-completion/completions/mailtls
  mailtls completion zsh > "${fpath[1]}/_mailtls"
  mailtls completion fish > ~/.config/fish/completions/mailtls.fish
""",
}

_CHOICE = re.compile(r"invalid choice: '(?P<said>.*?)' \(choose from (?P<known>.*)\)")
_UNKNOWN = re.compile(r"unrecognized arguments: (?P<said>-\S*)")


class Help(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, which argparse would load `shutil` and its compressors to ask."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=width(sys.stdout, os.environ) - 2)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are short: what is wrong, what may be meant, where all is listed."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong with a command line, and exit with 2."""
        sys.stderr.write(
            f"{self.prog}: error: {message}{self._hint(message)}\n  more:     {self.prog} --help\n"
        )
        self.exit(2)

    def _hint(self, message: str) -> str:
        if choice := _CHOICE.search(message):
            # Quoted until Python 3.11, bare from 3.12 on.
            known = [each.strip("' ") for each in choice["known"].split(",")]
            return _meant(choice["said"], known)
        if unknown := _UNKNOWN.search(message):
            return _meant(unknown["said"].partition("=")[0], self._options())
        return ""

    def _options(self) -> list[str]:
        """Return the options of this parser and of its commands: errors of these surface here."""
        found: dict[str, None] = {}
        for action in self._actions:
            found |= dict.fromkeys(action.option_strings)
            for parser in action.choices.values() if isinstance(action.choices, dict) else ():
                found |= dict.fromkeys(parser._option_string_actions)  # noqa: SLF001 - as argparse's own
        return list(found)


def _meant(said: str, known: list[str]) -> str:
    near = get_close_matches(said, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
