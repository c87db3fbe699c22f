"""Help with examples that are true, and errors that say what may be meant."""

from __future__ import annotations

import pytest

from mailtls.completion import commands
from mailtls.options import COMMANDS, build_parser
from mailtls.usage import EPILOGS

PARSER = build_parser(("text", "json", "github", "junit", "sarif"))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["chek"], "did you mean check?"),
        (
            ["check", "--formt", "json"],
            "unrecognized arguments: --formt; did you mean --format?",
        ),
        (["check", "--formt=json"], "did you mean --format?"),
        (["check", "--format", "jsn"], "did you mean json?"),
        (["check", "--fail-on", "eror"], "did you mean error?"),
        (["check", "--report", "jsn=x"], "did you mean json=x?"),
        (["check", "--color", "alway"], "did you mean always?"),
        (["check", "--onl", "x"], "did you mean --only?"),
        (["completion", "bsh"], "did you mean bash?"),
    ],
)
def test_a_slip_is_answered_with_what_may_be_meant(words, reason, capsys):
    with pytest.raises(SystemExit) as caught:
        PARSER.parse_args(words)

    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert reason in said
    assert len(said.splitlines()) == 2
    assert said.splitlines()[1].endswith(" --help")


def test_what_nothing_comes_near_to_is_refused_without_a_guess(capsys):
    with pytest.raises(SystemExit):
        PARSER.parse_args(["check", "--xyzzy"])
    assert "did you mean" not in capsys.readouterr().err


def examples() -> list[str]:
    """Return every command line that a help shows."""
    lines = [line.strip() for text in EPILOGS.values() for line in text.splitlines()]
    shown = [line.partition("  ")[0].partition(" > ")[0] for line in lines]
    return [line for line in shown if line.startswith("mailtls ")]


def test_every_command_has_examples():
    assert EPILOGS.keys() == {"", *COMMANDS}
    for name in COMMANDS:
        assert f"  mailtls {name}" in commands(PARSER)[name].format_help()


@pytest.mark.parametrize("line", examples())
def test_every_example_is_a_command_line_that_is_taken(line):
    words = line.replace("'", "").split()[1:]
    if words[0] != "COMMAND":
        assert PARSER.parse_args(words).command == words[0]


@pytest.mark.parametrize("columns", [60, 80])
def test_help_fits_the_terminal(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    for parser in (PARSER, *commands(PARSER).values()):
        own = parser.format_help().partition("examples:")[0].partition("example:")[0]
        assert max(map(len, own.splitlines())) <= columns
        assert max(map(len, parser.format_help().splitlines())) <= 80


def test_help_is_as_wide_as_the_terminal(monkeypatch):
    widest = []
    for columns in (60, 72, 80):
        monkeypatch.setenv("COLUMNS", str(columns))
        widest.append(max(map(len, commands(PARSER)["check"].format_help().splitlines())) - columns)
    assert min(widest) > -10


def test_the_options_of_check_stand_in_groups():
    text = commands(PARSER)["check"].format_help()

    assert [text.index(title) for title in ("what is checked:", "output:", "network:")] == sorted(
        text.index(title) for title in ("what is checked:", "output:", "network:")
    )
