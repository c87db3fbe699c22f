"""Completion in the real shells."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mailtls.commands import run
from mailtls.completion import arguments, commands, script
from mailtls.options import COMMANDS, SHELLS, build_parser

PARSER = build_parser(("text", "json"))
RULES = ("mode", "tls-version")

BASH = """\
compopt() { :; }
source ./script
COMP_WORDS=(mailtls "$@")
COMP_CWORD=$#
_mailtls
printf '%s\\n' "${COMPREPLY[@]}"
"""
# A shell on a terminal of its own, with a key that prints the line; `zpty -r` waits for it.
ZSH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'show() { print -r -- "<$BUFFER>" }; zle -N show; bindkey "^Xp" show'
zpty -w shell "autoload -Uz compinit && compinit -u -D && source ./script; print SOURC''ED"
zpty -r -m shell seen '*SOURCED*'
zpty -w -n shell "mailtls $1"$'\t\x18p'
zpty -r -m shell seen '*<mailtls *>*'
print -r -- "${${seen##*<}%%>*}"
zpty -d shell
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy of mine.yml").touch()
    return tmp_path


def shell(folder: Path, name: str, *words: str) -> str:
    (folder / "script").write_text(script(name, PARSER, RULES))
    done = subprocess.run(
        [name, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    return done.stdout


def in_bash(folder: Path, *words: str) -> set[str]:
    return set(shell(folder, "bash", "-c", BASH, "bash", *words).split("\n")) - {""}


def in_fish(folder: Path, line: str) -> set[str]:
    said = shell(folder, "fish", "--no-config", "-c", f"source script; complete -C '{line}'")
    return {row.partition("\t")[0] for row in said.splitlines()}


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["ch"], {"check"}),
        ([""], {*COMMANDS, "--version", "--help"}),
        (["check", "--form"], {"--format"}),
        (["check", "--format", "j"], {"json"}),
        (["check", "--format", "=", "j"], {"json"}),
        (["check", "--format", "="], {"text", "json"}),
        (["check", "--fail-on", ""], {"error", "warning", "note"}),
        (["check", "--rule", "tls"], {"tls-version"}),
        (["check", "--only", ""], set()),
        (["check", "pol"], {"policy of mine.yml"}),
        (["check", "--ca-file", "pol"], {"policy of mine.yml"}),
        (["explain", ""], set(RULES)),
        (["completion", ""], set(SHELLS)),
        (["demo", ""], set()),
    ],
)
def test_bash_completes_commands_options_and_their_words(folder, words, completed):
    assert in_bash(folder, *words) == completed


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("mailtls ch", {"check"}),
        ("mailtls ", set(COMMANDS)),
        ("mailtls check --form", {"--format"}),
        ("mailtls check --format j", {"json"}),
        ("mailtls check --rule tls", {"tls-version"}),
        ("mailtls check pol", {"policy of mine.yml"}),
        ("mailtls explain ", set(RULES)),
        ("mailtls demo ", set()),
    ],
)
def test_fish_completes_commands_options_and_their_words(folder, line, completed):
    assert in_fish(folder, line) == completed


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("chec", "mailtls check "),
        ("check --gent", "mailtls check --gentle "),
        ("check --format=j", "mailtls check --format=json "),
        ("explain tls", "mailtls explain tls-version "),
        ("check pol", r"mailtls check policy\ of\ mine.yml "),
        ("demo x", "mailtls demo x"),
    ],
)
def test_zsh_completes_commands_options_and_their_words(folder, line, completed):
    assert shell(folder, "zsh", "-f", "-c", ZSH, "zsh", line) == f"{completed}\n"


def test_the_script_of_bash_holds(folder):
    (folder / "script").write_text(script("bash", PARSER, RULES))
    checker = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run(
        [checker, "--shell=bash", "script"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""


def test_every_option_of_every_command_is_known_to_every_shell():
    for name, parser in commands(PARSER).items():
        known = {option for each in arguments(parser, RULES) for option in each.names}
        assert known == set(parser._option_string_actions), name
        for option in known:
            assert option in script("bash", PARSER, RULES)
            assert option in script("zsh", PARSER, RULES)
            assert option.lstrip("-") in script("fish", PARSER, RULES)


def test_an_apostrophe_in_a_help_text_ends_no_quotes(folder):
    parser = build_parser(("text", "json"))
    commands(parser)["demo"].add_argument("--odd", help=r"it's a 'quoted' [text]: \ $(touch no)")
    for name in SHELLS:
        (folder / "script").write_text(script(name, parser, RULES))
        subprocess.run([name, "-n", "script"], cwd=folder, check=True)
        subprocess.run(
            [name, "-c", "source ./script"], cwd=folder, check=False, capture_output=True
        )
    assert not (folder / "no").exists()


@pytest.mark.parametrize("name", SHELLS)
def test_the_command_prints_the_script_with_the_rules_of_the_program(name, capsys):
    assert run(["completion", name], output=None, summary=None) == 0
    assert "certificate-expiry" in capsys.readouterr().out
