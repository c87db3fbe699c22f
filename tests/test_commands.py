"""Every command from its arguments to its exit code; every mistake gets one clear message."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from mailtls.commands import run
from mailtls.rules import RULES
from report.runner_oracle import commands, env_file

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
        "  hint:     did you mean implicit?\n"
        "more: every key of a policy is described in"
        " https://github.com/mailtls/mailtls/blob/main/docs/policy.md\n"
    )


def test_validate_annotates_on_demand(here, capsys):
    (here / "p.yml").write_text(GOOD.replace("25", "465"))

    assert mailtls("validate", "p.yml", "--format", "github") == 0
    out = capsys.readouterr().out
    assert out.startswith("::warning file=p.yml,line=3,endLine=3,title=mailtls policy,col=")

    (here / "p.yml").write_text("version: 1\n")
    assert mailtls("validate", "p.yml", "--format", "github") == 2
    assert capsys.readouterr().out.startswith("::error file=p.yml,line=1")


def test_validate_reads_every_policy_it_is_given(here, capsys):
    (here / "a.yml").write_text(GOOD)
    (here / "b.yml").write_text("version: 1\n")
    (here / "c.yml").write_text(GOOD)

    assert mailtls("validate", "a.yml", "b.yml", "c.yml") == 2
    told = capsys.readouterr()
    assert told.out == "a.yml: valid, 2 endpoints\nc.yml: valid, 2 endpoints\n"
    assert "b.yml:1:1: error: missing key endpoints" in told.err
    assert mailtls("validate", "a.yml", "c.yml") == 0


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
    said = " ".join(out.split())
    shared = "(some of these questions share a connection or are decided by another)"
    assert said.startswith(
        f"mail.example.com:993: {cost} {shared} one full session for reachable, "
    )
    assert ":25" not in out


def test_plan_says_how_many_connections_the_session_may_spare(here, capsys):
    wanted = "{host: mail.example.com, port: 993, mode: implicit, tls: {require_groups: [x25519]}}"
    (here / "mailtls.yml").write_text(f"version: 1\nendpoints:\n  - {wanted}\n")

    assert mailtls("plan") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("mail.example.com:993: 5 to 6 connections to each address, at most ")


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


@pytest.mark.parametrize(
    ("policy", "words", "said"),
    [
        (
            None,
            ["check"],
            [
                "no policy found: looked for mailtls.yml",
                "fix:      write one (five lines are enough)",
                "docs/index.md",
            ],
        ),
        ("", ["check"], ["mailtls.yml:1:1: error: the policy is empty", "docs/policy.md"]),
        (
            "version: 1\n",
            ["check"],
            ["missing key endpoints", "expected: the expected services, at least one"],
        ),
        (
            "version: 1\nendpoints:\n\t- {host: a.example, port: 25, mode: starttls}\n",
            ["validate"],
            ["mailtls.yml:3:1: error: not valid YAML: a tab indents this line"],
        ),
        (
            "version: 1\nendpoints:\n  - {hots: a.example, port: 25, mode: starttls}\n",
            ["validate"],
            ["mailtls.yml:3:6: error: unknown key 'hots'", "did you mean host?"],
        ),
        (
            "version: 1\nendpoints:\n  - smtp.example.com:587\n",
            ["validate"],
            [
                "'smtp.example.com:587' is not valid here",
                "expected: a mapping, as {host: smtp.example.com, port: 587, mode: starttls}",
            ],
        ),
        (
            "version: 1\nendpoints:\n  - {host: a.example, port: 465, mode: ssl}\n",
            ["validate"],
            [
                "'ssl' is not valid here",
                "hint:     implicit where TLS starts at once (465, 993, 995), starttls where a"
                " command",
            ],
        ),
        (
            "version: 1\nendpoints:\n  - {host: a.example, port: 465, mode: starttls}\n",
            ["validate", "--format", "text"],
            [
                "warning: port 465 is for smtp with implicit TLS (RFC 8314 section 7)",
                "hint:     mode: implicit, or port 25 or 587",
            ],
        ),
        (GOOD, ["check", "--rule", "tls-versoin"], ["did you mean tls-version?", "fix:"]),
        (GOOD, ["check", "--only", "mailbx"], ["did you mean mailbox?"]),
        (
            GOOD,
            ["check", "--report", "json=no/such/r.json"],
            [
                "--report no/such/r.json: No such file or directory",
                "fix:      name a file in a folder that exists",
                "docs/reports.md",
            ],
        ),
        (GOOD, ["plan", "--rule", "closed"], ["nothing to judge", "fix:      leave --rule"]),
        (
            GOOD,
            ["check", "missing.yml"],
            ["the policy cannot be read: No such file", "expected: a YAML file that this user"],
        ),
    ],
)
def test_who_stumbles_is_told_cause_fix_and_where_to_read(here, capsys, policy, words, said):
    if policy is not None:
        (here / "mailtls.yml").write_text(policy)

    mailtls(*words)

    told = " ".join(capsys.readouterr().err.split())
    for each in said:
        assert " ".join(each.split()) in told


def test_a_report_nobody_may_write_is_told_before_anything_is_sent(here, capsys, monkeypatch):
    (here / "mailtls.yml").write_text(GOOD)

    def refuse(*_words, **_more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert mailtls("check", "--report", "json=r.json") == 2
    assert "--report r.json: Permission denied" in capsys.readouterr().err


def test_the_workflow_hears_of_a_run_that_could_not_begin(here, capsys):
    output = io.StringIO()

    assert run(["check", "--format", "github"], output=output, summary=None) == 2
    (command,) = commands(capsys.readouterr().out)
    assert (command.name, command.properties) == ("error", {"title": "mailtls"})
    assert command.data.startswith("no policy found")
    assert "docs/index.md" in command.data
    assert env_file(output.getvalue()) == {"verdict": "error", "exit-code": "2"}
    assert here.is_dir()


def test_a_sound_policy_with_warnings_says_how_many(here, capsys):
    (here / "mailtls.yml").write_text(GOOD.replace("25", "465"))

    assert mailtls("validate") == 0
    assert capsys.readouterr().out == "mailtls.yml: valid, 2 endpoints, 1 warning\n"


def test_a_plan_fits_the_terminal(here, capsys, monkeypatch):
    (here / "mailtls.yml").write_text(GOOD)
    monkeypatch.setenv("COLUMNS", "72")

    assert mailtls("plan") == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 72
    assert lines[0].startswith("mail.example.com:25: ")
    first = lines.index("  one full session")
    assert lines[first + 1].startswith("    for reachable, runner, protocol, mode,")
