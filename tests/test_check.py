"""`check` on the responder: outcomes, exit codes, files, and what goes where."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailtls.commands import run
from mailtls.report import FORMATS
from mailtls.responder.authority import Authority
from mailtls.responder.server import Behaviour, Responder
from mailtls.terms import Mode, Protocol
from probe.peers import peer, says
from report.log_oracles import azure
from report.runner_oracle import commands, env_file

AUTHORITY = Authority(datetime.now(UTC))
NAME = "smtp.example.com"


@pytest.fixture
def policy(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.root)
    path = tmp_path / "mailtls.yml"
    path.write_text(f"version: 1\nendpoints:\n  - {{host: {NAME}, port: 587, mode: starttls}}\n")
    return path


def responder(*, days: tuple[int, int] = (-1, 60), **changes) -> Responder:
    identity = AUTHORITY.issue(NAME, days=days)
    behaviour = Behaviour(
        host=NAME, protocol=Protocol.SMTP, mode=Mode.STARTTLS, identity=identity, **changes
    )
    return Responder(behaviour)


def check(port: int, *words: str, output=None, summary=None) -> int:
    arguments = ["check", "--connect-to", f"{NAME}:587:127.0.0.1:{port}", "--ca-file", "ca.pem"]
    return int(run([*arguments, *words], output=output, summary=summary))


def test_a_rule_that_is_none_is_told_before_a_report_is_opened(policy, capsys):
    with peer(says(b"")) as (port, served):
        assert check(port, "--rule", "nothing", "--report", "json=r.json") == 2

    assert "there is no rule 'nothing'" in capsys.readouterr().err
    assert not (policy.parent / "r.json").exists()
    assert served == []


@pytest.mark.usefixtures("policy")
class TestOutcomes:
    def test_green_is_zero(self, capsys):
        with responder() as server:
            assert check(server.port) == 0
        assert "PASS" in capsys.readouterr().out

    def test_drift_is_one(self, capsys):
        with responder(starttls=False) as server:
            assert check(server.port) == 1
        assert "error[starttls-offered]" in capsys.readouterr().out

    def test_a_level_below_the_threshold_is_told_and_does_not_fail(self, policy, capsys):
        policy.write_text(policy.read_text().replace("starttls}", "starttls, level: warning}"))
        with responder(days=(-100, -10)) as server:
            assert check(server.port) == 0
            assert check(server.port, "--fail-on", "warning") == 1
        assert "warning[certificate-expiry]" in capsys.readouterr().out

    def test_a_gap_is_three_unless_it_is_tolerated(self, policy, capsys):
        policy.write_text(policy.read_text().replace(NAME, "no.such.name.invalid", 1))
        words = ["check", "--resolver", "127.0.0.1:1"]

        assert run(words, output=None, summary=None) == 3
        assert run([*words, "--inconclusive", "warn"], output=None, summary=None) == 0
        out = capsys.readouterr().out
        assert "stopped:  in RESOLVE" in out
        assert "this is not a pass" in out

    def test_a_closed_port_alone_fails_reachable(self, capsys):
        with responder() as server:
            port = server.port
        assert check(port, "--format", "json", "--retries", "0") == 1
        results = json.loads(capsys.readouterr().out)["results"]
        assert [r["rule"] for r in results if r["outcome"] == "fail"] == ["reachable"]
        assert {r["cause"] for r in results if r["outcome"] == "inconclusive"} == {"PREREQUISITE"}

    @pytest.mark.parametrize("form", FORMATS)
    def test_the_format_never_changes_the_exit_code(self, form):
        with responder() as green, responder(starttls=False) as drifted:
            codes = [check(server.port, "--format", form) for server in (green, drifted)]
        # The port is closed by now, and the rule that would say so is not asked.
        codes.append(check(green.port, "--rule", "mode", "--retries", "0", "--format", form))

        assert codes == [0, 1, 3]

    def test_rules_can_be_chosen(self, capsys):
        with responder(starttls=False) as server:
            assert check(server.port, "--rule", "reachable") == 0
        assert "1 passed" in capsys.readouterr().out

    def test_rules_without_a_meaning_here_are_never_green(self, capsys):
        with responder() as server:
            assert check(server.port, "--rule", "closed") == 2
        assert "nothing to judge" in capsys.readouterr().err


@pytest.mark.usefixtures("policy")
class TestFiles:
    def test_reports_are_written_beside_the_output(self, capsys, tmp_path):
        with responder() as server:
            check(server.port, "--report", "json=r.json", "--report", "text=r.txt")
        assert json.loads((tmp_path / "r.json").read_text())["verdict"] == "pass"
        assert "PASS" in (tmp_path / "r.txt").read_text()
        assert "PASS" in capsys.readouterr().out

    def test_every_format_is_written_in_one_run(self, tmp_path):
        words = [f"--report={form}={form}.out" for form in FORMATS]
        with responder(starttls=False) as server:
            assert check(server.port, *words) == 1
        assert {path.stem for path in tmp_path.glob("*.out") if path.stat().st_size} == set(FORMATS)

    def test_the_runner_gets_annotations_outputs_and_a_summary(self, capsys):
        output, summary = io.StringIO(), io.StringIO()
        with responder(days=(-100, -10)) as server:
            code = check(
                server.port, "--format", "github", "--report", "json=r.json",
                output=output, summary=summary,
            )  # fmt: skip
        found = [each for each in commands(capsys.readouterr().out) if each.name == "error"]

        assert code == 1
        assert [each.properties["line"] for each in found] == ["3"]
        values = env_file(output.getvalue())
        assert (values["verdict"], values["exit-code"], values["failed"]) == ("fail", "1", "1")
        assert values["days-left"].startswith("-1")
        assert values["report-json"] == "r.json"
        assert summary.getvalue().startswith("## mailtls: fail")

    def test_a_bad_policy_still_gives_outputs(self, policy, capsys):
        policy.write_text("version: 1\n")
        output = io.StringIO()

        assert run(["check", "--format", "github"], output=output, summary=None) == 2
        assert env_file(output.getvalue()) == {"verdict": "error", "exit-code": "2"}
        assert commands(capsys.readouterr().out)[0].name == "error"

    def test_a_warning_of_the_policy_is_shown_and_judged_on(self, policy, capsys):
        policy.write_text(policy.read_text().replace("587", "465"))
        with responder() as server:
            code = run(
                [
                    "check",
                    "--connect-to",
                    f"{NAME}:465:127.0.0.1:{server.port}",
                    "--ca-file",
                    "ca.pem",
                ],
                output=None,
                summary=None,
            )
        printed = capsys.readouterr()
        assert code == 0
        assert "warning: port 465 is for smtp with implicit TLS (RFC 8314 section 7)" in printed.err


@pytest.mark.usefixtures("policy")
class TestLogs:
    def test_azure_marks_what_failed(self, capsys, monkeypatch):
        monkeypatch.setenv("TF_BUILD", "True")
        with responder(days=(-100, -10)) as server:
            assert check(server.port, "--report", "text=r.txt") == 1
        (issue,) = (c for c in azure(capsys.readouterr().out) if c.name == "task.logissue")
        assert issue.properties["code"] == "certificate-expiry"
        assert issue.properties["linenumber"] == "3"
        assert azure(Path("r.txt").read_text()) == []

    @pytest.mark.parametrize("command", ["check", "validate"])
    def test_azure_marks_what_is_wrong_with_a_policy(self, policy, capsys, monkeypatch, command):
        monkeypatch.setenv("TF_BUILD", "True")
        policy.write_text("version: 1\n")
        assert run([command], output=None, summary=None) == 2
        printed = capsys.readouterr()
        (issue,) = azure(printed.out)
        assert issue.data.startswith("mailtls policy\nmissing key endpoints")
        assert "missing key endpoints" in printed.err

    def test_an_unknown_log_is_told(self, capsys, monkeypatch):
        monkeypatch.setenv("MAILTLS_LOG", "azur")
        assert check(1) == 2
        assert "did you mean azure?" in capsys.readouterr().err

    def test_a_terminal_is_coloured_and_left_without_a_trace_of_progress(self, policy):
        leader, follower = os.openpty()
        with responder() as server:
            words = ["--connect-to", f"{NAME}:587:127.0.0.1:{server.port}", "--ca-file", "ca.pem"]
            done = subprocess.run(
                [sys.executable, "-m", "mailtls", "check", *words],
                cwd=policy.parent,
                env={**os.environ, "TERM": "xterm", "NO_COLOR": "", "FORCE_COLOR": ""},
                stdout=follower,
                stderr=follower,
                check=False,
            )
        os.close(follower)
        shown = b""
        while chunk := _read(leader):
            shown += chunk
        os.close(leader)
        assert done.returncode == 0
        progress, _, rest = shown.decode().rpartition("\r\x1b[K")
        assert "0 of 1 address done" in progress
        assert "done" not in rest
        assert "\x1b[32mok\x1b[0m" in rest


@pytest.mark.usefixtures("policy")
class TestRunner:
    def test_a_server_that_refuses_this_address_is_no_failure(self, capsys):
        greeting = b"554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked\r\n"
        with peer(says(greeting)) as (port, _):
            assert check(port, "--retries", "0") == 3
        out = capsys.readouterr().out
        assert "inconclusive[runner] could not be tested from here" in out
        assert "unjudged" not in out
        assert out.count("inconclusive[") == 1

    def test_localhost_of_a_jobs_container_is_no_failure(self, capsys, monkeypatch):
        monkeypatch.setattr("mailtls.gather.in_job_container", lambda _environment: True)
        with responder() as server:
            port = server.port
            assert check(port) == 0
        assert check(port, "--retries", "0") == 3
        assert "127.0.0.1 is this job's own container" in " ".join(capsys.readouterr().out.split())

    def test_a_label_that_does_not_resolve_is_no_failure(self, policy, capsys, nameserver):
        policy.write_text(policy.read_text().replace(NAME, "mailpit"))
        server = nameserver({})
        words = ["check", "--resolver", f"{server.address}:{server.port}"]
        assert run(words, output=None, summary=None) == 3
        out = capsys.readouterr().out
        assert "inconclusive[runner]" in out
        assert "not tested: mailpit:587" in out

    def test_nor_is_one_that_the_command_line_leads_to(self, capsys, nameserver):
        server = nameserver({})
        words = ["--resolver", f"{server.address}:{server.port}"]
        leads = ["--connect-to", f"{NAME}:587:mailpit:1025"]
        assert run(["check", *words, *leads], output=None, summary=None) == 3
        said = " ".join(capsys.readouterr().out.split())
        assert "mailpit is a name without a domain" in said
        leads = ["--connect-to", f"{NAME}:587:mail.pit.invalid:1025"]
        assert run(["check", *words, *leads], output=None, summary=None) == 1
        assert "DNS has no name mail.pit.invalid" in capsys.readouterr().out


def _read(terminal: int) -> bytes:
    """Return what a terminal shows; behind the last of it Linux gives EIO."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


@pytest.mark.parametrize("form", FORMATS)
def test_a_waived_failure_is_green_and_in_sight_in_every_format(policy, capsys, form):
    until = datetime.now(UTC).date() + timedelta(days=100)
    policy.write_text(
        f"{policy.read_text()}waivers:\n"
        f"  - {{rule: certificate-expiry, until: {until}, reason: renewal is ordered}}\n"
    )
    with responder(days=(-100, -10)) as server:
        assert check(server.port, "--format", form) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "waived" in shown
    # Markdown writes the colon and the brackets as entities.
    assert str(until) in shown
    assert "renewal is ordered" in shown


@pytest.mark.parametrize("form", FORMATS)
def test_a_waiver_that_names_no_endpoint_is_told_in_every_format(policy, capsys, form):
    policy.write_text(
        f"{policy.read_text()}waivers:\n"
        "  - {rule: mode, endpoint: elsewhere, until: 2099-12-31, reason: x}\n"
    )
    with responder() as server:
        assert check(server.port, "--format", form) == 0
        assert check(server.port, "--format", form, "--fail-on", "warning") == 1
    assert "elsewhere" in capsys.readouterr().out


def test_a_lapsed_waiver_is_red_at_both_lines(policy, capsys):
    policy.write_text(
        f"{policy.read_text()}waivers:\n"
        "  - {rule: certificate-expiry, until: 2026-01-31, reason: renewal is ordered}\n"
    )
    with responder(days=(-100, -10)) as server:
        assert check(server.port, "--format", "github") == 1
    found = commands(capsys.readouterr().out)
    assert [(each.name, each.properties["line"]) for each in found if each.properties] == [
        ("error", "3"),
        ("warning", "5"),
    ]
    assert all("lapsed on 2026-01-31" in each.data for each in found if each.properties)


def test_a_chosen_endpoint_leaves_the_waivers_of_others_alone(policy, capsys):
    policy.write_text(
        f"{policy.read_text()}  - {{name: other, host: {NAME}, port: 993, mode: implicit}}\n"
        "waivers:\n  - {rule: mode, endpoint: other, until: 2026-01-31, reason: x}\n"
    )
    with responder() as server:
        assert check(server.port, "--only", f"{NAME}:587", "--fail-on", "note") == 0
    assert "waiver" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "option", "shown"),
    [
        ({"old_tls": True}, "-tls1_1", "TLSv1.1"),
        ({"days": (-100, -10)}, "-starttls smtp", "certificate has expired"),
        ({"days": (-1, 5)}, "-starttls smtp", "NotAfter"),
    ],
)
@pytest.mark.usefixtures("policy")
def test_openssl_shows_a_finding_again(changes, option, shown, capsys):
    with responder(**changes) as server:
        assert check(server.port, "-v") == 1
        lines = capsys.readouterr().out.splitlines()
        command = next(line[4:] for line in lines if line.startswith("  $ openssl"))
        done = subprocess.run(
            ["sh", "-c", command], capture_output=True, input="QUIT\n", text=True, check=False
        )

    assert option in command
    assert shown in done.stdout + done.stderr
    assert "BEGIN CERTIFICATE" in done.stdout


@pytest.mark.parametrize(
    ("choice", "environment", "painted"),
    [
        ("auto", {}, False),
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {"FORCE_COLOR": "1"}, False),
    ],
)
@pytest.mark.usefixtures("policy")
def test_colour_follows_the_option_then_the_environment(
    choice, environment, painted, monkeypatch, capsys
):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with responder() as server:
        check(server.port, "--color", choice)

    assert ("\x1b[" in capsys.readouterr().out) == painted
