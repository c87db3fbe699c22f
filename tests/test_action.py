"""Inputs to a command line, what the command may know, and its files."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls import action
from mailtls.errors import UsageError
from mailtls.options import build_parser
from mailtls.report import FORMATS

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def env(inputs: Mapping[str, str]) -> dict[str, str]:
    """Name inputs as the runner does."""
    return {f"INPUT_{name.upper()}": value for name, value in inputs.items()}


def test_nothing_given_checks_with_annotations() -> None:
    assert action.arguments({}) == ["check", "--format=github"]


def test_an_empty_input_is_one_that_was_not_given() -> None:
    assert action.arguments(env(dict.fromkeys(action.INPUTS, ""))) == action.arguments({})


def test_every_input_becomes_its_option() -> None:
    words = action.arguments(
        env(
            {
                "policy": "mail/policy.yml",
                "command": "check",
                "fail-on": "warning",
                "inconclusive": "warn",
                "only": "a*\n\n  b:587  \n",
                "reports": "json=a.json\r\ntext=b.txt",
                "connect-to": "smtp.example.com:587:127.0.0.1:1587",
                "resolver": "127.0.0.1:53",
                "ca-file": "ca.pem",
                "timeout": "5",
                "per-host": "2",
                "send": "true",
                "credentials": "SMTP=smtp.example.com:587\nINBOX=imap.example.net:993",
                "send-domains": "example.com",
                "allow-privileged-trigger": "false",
                "annotations": "False",
            }
        )
    )
    assert words == [
        "check",
        "--ca-file=ca.pem",
        "--connect-to=smtp.example.com:587:127.0.0.1:1587",
        "--credential=SMTP=smtp.example.com:587",
        "--credential=INBOX=imap.example.net:993",
        "--fail-on=warning",
        "--inconclusive=warn",
        "--only=a*",
        "--only=b:587",
        "--per-host=2",
        "--report=json=a.json",
        "--report=text=b.txt",
        "--resolver=127.0.0.1:53",
        "--send",
        "--send-domain=example.com",
        "--timeout=5",
        "--",
        "mail/policy.yml",
    ]
    options = build_parser(tuple(FORMATS)).parse_args(words)
    assert options.policy == "mail/policy.yml"
    assert options.only == ["a*", "b:587"]
    assert options.per_host == 2
    assert options.send
    assert not options.allow_privileged_trigger
    assert [binding.name for binding in options.credential] == ["SMTP", "INBOX"]
    assert options.format == "text"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"polcy": "x"}, "unknown input polcy; did you mean policy?"),
        ({"zzz": ""}, "unknown input zzz; known are policy, command,"),
        ({"command": "demo"}, "input command: expected check or validate, not demo"),
        ({"annotations": "yes"}, "input annotations: expected true or false, not yes"),
        ({"send": "yes"}, "input send: expected true or false, not yes"),
    ],
)
def test_what_is_not_known_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        action.arguments(env(given))
    assert str(caught.value).startswith(message)


SWITCHES = {
    name
    for name, declared in action.INPUTS.items()
    if declared.kind in {action.Kind.FLAG, action.Kind.SWITCH}
}


@given(
    st.dictionaries(st.sampled_from(sorted(action.INPUTS.keys() - SWITCHES - {"command"})), TEXT)
)
def test_no_value_becomes_an_option_of_its_own(given: dict[str, str]) -> None:
    words = action.arguments(env(given))
    options = {declared.option for declared in action.INPUTS.values() if declared.option}
    before = words[1 : words.index("--")] if "--" in words else words[1:]
    assert {word.partition("=")[0] for word in before} <= options | {"--format"}
    if policy := given.get("policy", "").strip():
        assert words[-2:] == ["--", policy]


def test_the_command_knows_nothing_of_tokens_and_python_switches() -> None:
    kept = action.scrub(
        {
            "ACTIONS_RUNTIME_TOKEN": "x",
            "ACTIONS_CACHE_URL": "x",
            "GITHUB_TOKEN": "x",
            "SOME_SECRET": "x",
            "PYTHONPATH": "x",
            "SSL_CERT_FILE": "x",
            "INPUT_POLICY": "x",
            "GITHUB_OUTPUT": "x",
            "MAILTLS_SMTP_PASSWORD": "x",
            "GITHUB_EVENT_NAME": "push",
            "HOME": "/github/home",
            "NO_COLOR": "1",
        }
    )
    assert kept == {"GITHUB_EVENT_NAME": "push", "HOME": "/github/home", "NO_COLOR": "1"}


PROBE = """
import json, os, sys
from mailtls import action
if sys.argv[1:]:
    def main(words, *, output, summary):
        for stream in (output, summary):
            if stream is not None:
                stream.write("written\\r\\n")
        names = sorted(os.environb)
        login = os.environ.get("MAILTLS_SMTP_PASSWORD", "")[::-1]
        descriptors = [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
                       if os.path.exists(f"/proc/self/fd/{n}")]
        print(json.dumps({"words": words, "environ": open("/proc/self/environ").read(),
                          "login": login, "descriptors": descriptors}))
        return 3
    sys.exit(action.resume(main, sys.argv[1:], os.environ))
os.geteuid = lambda: 1000  # the drop itself is tested in the image, where there is a root to drop
action.prepare(__file__, os.environ)
"""


def probe(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run both halves in a process; the second prints what it was given."""
    script = folder / "probe.py"
    script.write_text(PROBE)
    source = str(Path(action.__file__).parents[1])
    script.write_text(f"import sys; sys.path.insert(0, {source!r})\n{PROBE}")
    return subprocess.run(
        [sys.executable, "-I", script],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_runs_in_a_process_that_never_had_the_token(tmp_path: Path) -> None:
    output, summary = tmp_path / "output", tmp_path / "summary"
    output.write_text("before\n")
    run = probe(
        tmp_path,
        GITHUB_OUTPUT=str(output),
        GITHUB_STEP_SUMMARY=str(summary),
        ACTIONS_RUNTIME_TOKEN="canary",
        INPUT_POLICY="mailtls.yml",
    )
    assert run.returncode == 3, run.stderr
    assert '"check", "--format=github", "--", "mailtls.yml"' in run.stdout
    assert "canary" not in run.stdout
    assert output.read_bytes() == b"before\nwritten\r\n"
    assert summary.read_bytes() == b"written\r\n"


def test_a_login_gets_there_without_standing_in_the_environment(tmp_path: Path) -> None:
    run = probe(tmp_path, MAILTLS_SMTP_PASSWORD="canary", MAILTLS_SMTP_USERNAME="probe")
    assert run.returncode == 3, run.stderr
    seen = json.loads(run.stdout)
    assert seen["login"] == "yranac"
    assert "canary" not in seen["environ"]
    assert "MAILTLS_SMTP" not in seen["environ"]
    assert not [each for each in seen["descriptors"] if "memfd" in each]


def test_no_summary_where_none_is_wanted(tmp_path: Path) -> None:
    summary = tmp_path / "summary"
    run = probe(tmp_path, GITHUB_STEP_SUMMARY=str(summary), INPUT_SUMMARY="false")
    assert run.returncode == 3, run.stderr
    assert not summary.exists()


def test_a_command_file_that_cannot_be_opened_is_a_warning(tmp_path: Path) -> None:
    run = probe(tmp_path, GITHUB_OUTPUT=str(tmp_path))
    assert run.returncode == 3
    assert run.stderr == "mailtls: warning: GITHUB_OUTPUT cannot be written: Is a directory\n"


def test_a_wrong_input_is_an_annotation_that_carries_no_other_command(tmp_path: Path) -> None:
    run = probe(tmp_path, INPUT_COMMAND="x%0A\n::set-output name=verdict::pass")
    assert run.returncode == 2
    assert run.stdout.startswith("::error title=mailtls::input command: ")
    assert run.stdout.count("\n") == 1
    assert "%0A" not in run.stdout


def test_resume_runs_without_command_files() -> None:
    given: list[object] = []

    def main(words: list[str], *, output: io.TextIOBase, summary: io.TextIOBase) -> int:
        given.extend([words, output, summary])
        return 1

    assert action.resume(main, ["check"], {}) == 1
    assert given == [["check"], None, None]
