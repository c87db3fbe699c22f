"""Code Quality as GitLab reads it."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from mailtls.errors import Problem
from mailtls.report import gitlab
from mailtls.terms import Level, Outcome
from mailtls.verdict import Location
from report.reports import failure, hostile, mixed, report, unknown, verdict

# What GitLab's documentation asks of an entry.
ENTRY = {
    "type": "object",
    "required": ["description", "check_name", "fingerprint", "severity", "location"],
    "additionalProperties": False,
    "properties": {
        "description": {"type": "string", "minLength": 1},
        "check_name": {"type": "string", "pattern": "^[a-z-]+$"},
        "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
        "location": {
            "type": "object",
            "required": ["path", "lines"],
            "properties": {
                "path": {"type": "string", "pattern": "^(?!\\./)."},
                "lines": {
                    "type": "object",
                    "required": ["begin"],
                    "properties": {"begin": {"type": "integer", "minimum": 1}},
                },
            },
        },
    },
}


def entries(made) -> list[dict]:
    found = json.loads(gitlab.render(made))
    Draft202012Validator({"type": "array", "items": ENTRY}).validate(found)
    assert len({each["fingerprint"] for each in found}) == len(found)
    return found


def test_a_failure_and_what_could_not_be_determined_are_told_at_their_lines():
    found = entries(mixed())

    assert [(e["check_name"], e["severity"], e["location"]["lines"]["begin"]) for e in found] == [
        ("certificate-name", "major", 4),
        ("mode", "major", 4),
        ("tls-version", "critical", 3),
    ]
    assert found[2]["description"].startswith("tls-version: smtp.example.com:587 at 192.0.2.1,")
    assert "fix: set" in found[2]["description"]


def test_severities_follow_the_level_and_the_tolerance():
    levels = [
        entries(report([failure(level=level)]))[0]["severity"]
        for level in (Level.ERROR, Level.WARNING, Level.NOTE)
    ]

    assert levels == ["critical", "minor", "info"]
    assert entries(report([unknown()], tolerate=True))[0]["severity"] == "info"


def test_what_passed_is_not_told_and_what_is_waived_is_info_under_a_name_of_its_own():
    assert gitlab.render(report([verdict()])) == "[]\n"
    (counting,) = entries(report([failure()]))
    (waived,) = entries(report([failure(outcome=Outcome.WAIVED)]))

    assert waived["severity"] == "info"
    assert waived["description"].startswith("waived: tls-version: smtp.example.com:587")
    assert waived["fingerprint"] != counting["fingerprint"]
    both = report([failure(outcome=Outcome.WAIVED), unknown(address="192.0.2.2")])
    assert [each["severity"] for each in entries(both)] == ["major", "info"]


def test_a_contradiction_in_the_policy_is_told_once():
    place = Location(file="./mailtls.yml", line=2, column=1, end_line=2, end_column=2)
    problem = Problem(location=place, message="m", hint="h", expected="", level=Level.WARNING)
    (told,) = entries(report([verdict()], problems=[problem, problem]))

    assert (told["check_name"], told["description"]) == ("policy", "policy: m h")
    assert told["location"] == {"path": "mailtls.yml", "lines": {"begin": 2}}


def test_text_of_a_stranger_stays_text():
    assert len(entries(hostile())) == 4
    assert gitlab.render(hostile()).isascii()
