"""Every command from its arguments to its exit code; every mistake gets one clear message."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailtls.commands import run
from mailtls.rules import RULES

GOOD = """\
version: 1
endpoints:
  - {name: mx, host: mail.example.com, port: 25, mode: starttls}
  - {name: mailbox, host: mail.example.com, port: 993, mode: implicit}
"""


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mailtls(*words: str) -> int:
    return int(run(words, output=None, summary=None))


def test_validate_says_that_a_policy_is_sound(here, capsys):
    (here / "mailtls.yml").write_text(GOOD)

    assert mailtls("validate") == 0
    assert capsys.readouterr().out == "mailtls.yml: valid, 2 endpoints\n"


def test_validate_prints_every_problem_with_its_line(here, capsys):
    (here / "p.yml").write_text(GOOD.replace("25", "x").replace("implicit", "implict"))

    assert mailtls("validate", "p.yml") == 2
    assert capsys.readouterr().err == (
        "p.yml:3:46: error: 'x' is not valid here\n"
        "  3 |   - {name: mx, host: mail.example.com, port: x, mode: starttls}\n"
        "    |                                              ^\n"
        "  expected: a whole number from 1 to 65535\n"
        "p.yml:4:62: error: 'implict' is not valid here\n"
        "  4 | ... - {name: mailbox, host: mail.example.com, port: 993, mode: implict}\n"
        "    |                                                                ^^^^^^^\n"
        "  expected: one of starttls, implicit\n"
        "  hint: did you mean implicit?\n"
    )


def test_validate_annotates_on_demand(here, capsys):
    (here / "p.yml").write_text(GOOD.replace("25", "465"))

    assert mailtls("validate", "p.yml", "--format", "github") == 0
    out = capsys.readouterr().out
    assert out.startswith("::warning file=p.yml,line=3,endLine=3,title=mailtls policy,col=")

    (here / "p.yml").write_text("version: 1\n")
    assert mailtls("validate", "p.yml", "--format", "github") == 2
    assert capsys.readouterr().out.startswith("::error file=p.yml,line=1")


@pytest.mark.parametrize("command", ["check", "plan", "validate"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no policy found: looked for mailtls.yml"),
        (b"", "the policy is empty"),
        (b"version: 1\nendpoints: []\n", "the list is empty"),
        (
            b"version: 1\nendpoints:\n  - {host: a, port: 25, mode: starttls, x: 1}\n",
            "unknown key 'x'",
        ),
        (b"version: 1\nendpoints:\n  - {host: a, port: 99999, mode: starttls}\n", "'99999'"),
        (
            b"version: 1\nendpoints:\n  - {host: a, port: 25, mode: starttls, "
            b"certificate: {days_left: 2026-02-30}}\n",
            "'2026-02-30'",
        ),
        (bytes(range(256)), "not UTF-8"),
        (b"\x00\x01", "the character U+0000 has no place in a policy"),
    ],
)
def test_a_bad_policy_is_exit_2_with_its_reason(here, capsys, command, content, reason):
    if content is not None:
        (here / "mailtls.yml").write_bytes(content)

    assert mailtls(command) == 2
    printed = capsys.readouterr()
    assert reason in printed.err
    assert printed.out == ""


def test_a_policy_that_cannot_be_read_is_told(here, capsys):
    (here / "folder").mkdir()
    os.mkfifo(here / "fifo")

    for name in ("folder", "fifo", "missing.yml"):
        assert mailtls("check", name) == 2
        assert f"{name}:1:1: error: the policy cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            ["check", "--only", "nothing"],
            "--only nothing: no endpoint has that name; there are: mx",
        ),
        (["check", "--rule", "tls-versoin"], "did you mean tls-version?"),
        (["check", "--ca-file", "none.pem"], "--ca-file none.pem: No such file or directory"),
        (["check", "--ca-file", "mailtls.yml"], "holds no PEM certificate"),
        (["check", "--report", "json=no/such/folder"], "--report no/such/folder: No such file"),
        (["check", "--client-name", "a b"], "--client-name a b: not a full host name"),
        (["explain", "nothing"], "there is no rule 'nothing'"),
    ],
)
def test_wrong_usage_is_exit_2_before_any_connection(here, capsys, words, reason):
    (here / "mailtls.yml").write_text(GOOD)

    assert mailtls(*words) == 2
    assert reason in capsys.readouterr().err


def test_plan_lists_questions_and_their_cost_without_a_network(here, capsys):
    (here / "mailtls.yml").write_text(GOOD)

    assert mailtls("plan", "--only", "mail*") == 0
    out = capsys.readouterr().out
    cost = "5 connections to each address, at most 13 where it refuses long hellos"
    assert out.startswith(f"mail.example.com:993: {cost}\n  one full session\n    for reachable, ")
    assert ":25" not in out


def test_explain_prints_a_page_or_lists_them_all(capsys):
    assert mailtls("explain") == 0
    listed = capsys.readouterr().out
    assert [line.split()[0] for line in listed.splitlines()] == [rule.id for rule in RULES]
    for rule in RULES:
        assert mailtls("explain", rule.id) == 0
        assert f"# {rule.id}" in capsys.readouterr().out


def test_no_command_is_a_usage_error_and_help_is_not(capsys):
    assert mailtls() == 2
    assert "usage: mailtls" in capsys.readouterr().err
    assert mailtls("--help") == 0
    assert mailtls("check", "--version") == 2
    assert mailtls("--version", "check") == 0


def test_an_error_of_ours_is_never_a_verdict(here, capsys, monkeypatch):
    def fails(*_: object) -> None:
        raise RuntimeError("a bug\r\n::error::x")

    (here / "mailtls.yml").write_text(GOOD)
    monkeypatch.setattr("mailtls.commands.load_policy", fails)

    assert mailtls("validate") == 2
    err = capsys.readouterr().err
    assert "internal error; please report it" in err
    assert "::error" not in err


def test_plan_names_what_would_be_sent(tmp_path, capsys):
    (tmp_path / "p.yml").write_text(
        "version: 1\n"
        "endpoints:\n"
        "  - {name: out, host: smtp.example.com, port: 587, mode: starttls}\n"
        "  - {name: box, host: imap.example.com, port: 993, mode: implicit}\n"
        "deliveries:\n"
        "  - name: round trip\n"
        "    send: {endpoint: out, from: a@example.com, to: b@example.net, credential: SMTP}\n"
        "    receive: {via: imap, endpoint: box, credential: INBOX, within: 2m}\n"
        "  - name: dropped\n"
        "    send: {endpoint: out, from: a@example.com, to: b@example.net}\n"
        "    receive: {via: mailpit, url: 'http://mailpit:8025', keep: true}\n"
    )
    assert run(["plan", str(tmp_path / "p.yml")], output=None, summary=None) == 0
    assert capsys.readouterr().out.endswith(
        "delivery round trip: one message, with --send alone\n"
        "  from a@example.com to b@example.net through out, login SMTP\n"
        "  looked for by imap at box, login INBOX for 120 s, deleted there\n"
        "delivery dropped: one message, with --send alone\n"
        "  from a@example.com to b@example.net through out\n"
        "  looked for by mailpit at http://mailpit:8025 for 60 s, kept there\n"
    )
    assert run(["plan", str(tmp_path / "p.yml"), "--only", "out"], output=None, summary=None) == 0
    shown = capsys.readouterr().out
    assert "delivery dropped" in shown
    assert "delivery round trip" not in shown
