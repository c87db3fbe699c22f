"""SARIF as GitHub's code scanning takes it in."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mailtls.report import sarif
from mailtls.terms import Level, Outcome
from report.reports import TEXT, failure, hostile, mixed, report, unknown, verdict

VALIDATE = Path(__file__).parents[2] / "tools" / "sarif"


def run(made) -> dict[str, Any]:
    log = json.loads(sarif.render(made))
    assert log["version"] == "2.1.0"
    (only,) = log["runs"]
    return only


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def test_github_takes_it_in(tmp_path):
    made = {
        "mixed": mixed(),
        "green": report([verdict()]),
        "unknown": report([unknown(expected="")]),
        "hostile": hostile(),
    }
    for name, each in made.items():
        (tmp_path / f"{name}.sarif").write_text(sarif.render(each))
    files = sorted(tmp_path.iterdir())
    sound = subprocess.run([VALIDATE, *files], capture_output=True, text=True, check=False)
    broken = tmp_path / "broken.sarif"
    log = json.loads(sarif.render(mixed()))
    del log["runs"][0]["tool"]["driver"]["rules"][0]["help"]
    broken.write_text(json.dumps(log))
    caught = subprocess.run([VALIDATE, broken], capture_output=True, text=True, check=False)

    assert (sound.returncode, sound.stdout + sound.stderr) == (0, "")
    assert (caught.returncode, "GH2012" in caught.stdout) == (1, True)


def test_a_failure_is_a_result_at_its_line():
    (result,) = run(mixed())["results"]

    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("tls-version", 3, "error")
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "mailtls.yml"},
                "region": {"startLine": 3, "startColumn": 47, "endLine": 3, "endColumn": 55},
            }
        }
    ]
    assert "192.0.2.1, 192.0.2.2: the server accepts TLSv1.0" in result["message"]["text"]


def test_a_fingerprint_is_the_rule_the_endpoint_and_its_protocol():
    before = run(report([failure()]))["results"][0]["partialFingerprints"]
    moved = report([failure(observed="TLSv1.1", address="192.0.2.9")], text="# new\n" + TEXT)

    assert list(before) == ["primaryLocationLineHash"]
    assert run(moved)["results"][0]["partialFingerprints"] == before


def test_what_is_no_failure_is_a_notification_and_no_alert():
    (invocation,) = run(mixed())["invocations"]
    said = invocation["toolExecutionNotifications"]

    assert [each["associatedRule"]["id"] for each in said] == ["certificate-name", "mode"]
    assert {each["level"] for each in said} == {"error"}
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 1)
    waived = run(report([verdict(outcome=Outcome.WAIVED, message="old")]))
    assert waived["results"] == []
    (note,) = waived["invocations"][0]["toolExecutionNotifications"]
    assert (note["level"], note["message"]["text"][:8]) == ("note", "waived: ")


def test_a_failure_is_an_answer_and_a_tolerated_gap_no_error():
    failed = run(report([failure()]))["invocations"][0]
    tolerated = run(report([unknown()], tolerate=True))["invocations"][0]

    assert (failed["executionSuccessful"], failed["exitCode"]) == (True, 1)
    assert (tolerated["executionSuccessful"], tolerated["exitCode"]) == (True, 0)
    assert tolerated["toolExecutionNotifications"][0]["level"] == "warning"


def test_every_rule_has_its_page_also_where_nothing_failed():
    driver = run(report([verdict()]))["tool"]["driver"]

    rule = driver["rules"][1]
    assert rule["id"] == "mode"
    assert rule["help"]["markdown"].startswith("# mode\n")
    assert rule["helpUri"] == "https://docs.example/rules/mode.md"
    assert run(report([verdict()]))["automationDetails"] == {"id": "mailtls/"}


def test_a_level_is_the_policys():
    made = run(report([failure(level=Level.NOTE)], fail_on=Level.WARNING))

    assert made["results"][0]["level"] == "note"


def test_nothing_is_empty_and_nothing_raw():
    for made in (mixed(), hostile(), report([failure(expected="", observed="", remedy="")])):
        assert "" not in list(texts(run(made)))
    assert sarif.render(hostile()).isascii()
    assert not any("\x1b" in text or "\u202e" in text for text in texts(run(hostile())))
