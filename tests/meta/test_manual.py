"""The manual page says what the parser says, and is well-formed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mailtls.completion import commands
from mailtls.options import build_parser

TREE = Path(__file__).parents[2]
PAGE = TREE / "src" / "mailtls" / "share" / "mailtls.1"


def test_the_page_is_fresh() -> None:
    command = [sys.executable, "tools/manpage.py"]
    done = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_page_has_no_fault() -> None:
    command = ["mandoc", "-T", "lint", "-W", "warning", str(PAGE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_the_page_shows_every_option_and_example() -> None:
    command = ["mandoc", "-T", "utf8", "-O", "width=200", str(PAGE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    shown = _unstruck(done.stdout)
    for name, parser in commands(build_parser(("text", "json"))).items():
        assert f"MAILTLS {name.upper()}" in shown
        assert f"mailtls {name}" in shown
        for option in parser._option_string_actions:
            assert option in ("-h", "--help") or option in shown
    assert "mailtls check --only 'imap*' --rule certificate-expiry" in shown
    assert "~/.local/share/bash-completion/completions/mailtls" in shown


def _unstruck(text: str) -> str:
    """Return what is read where a letter in bold is struck twice, or over a line."""
    kept: list[str] = []
    for character in text:
        if character == "\b":
            kept.pop()
        else:
            kept.append(character)
    return "".join(kept)
