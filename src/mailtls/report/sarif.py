"""SARIF 2.1.0 (OASIS), within what GitHub's code scanning takes in.

A failure is a result. What could not be determined is a notification of the run, not an alert: it
says nothing about the server. What is waived is one too, for code scanning knows no suppression and
would open an alert. GitHub reads the first location alone, and of the fingerprints the one named
`primaryLocationLineHash`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mailtls.report.alerts import Alert, alerts, uri
from mailtls.report.build import iso
from mailtls.report.model import Notice, Report, RuleInfo
from mailtls.terms import Level, Outcome
from mailtls.verdict import Location

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
HOME = "https://github.com/mailtls/mailtls"
CATEGORY = "mailtls/"

FULL_DESCRIPTION_LIMIT = 1024
"""Characters GitHub takes of a rule's description."""


def render(report: Report) -> str:
    """Return a log of one run."""
    index = {rule.id: number for number, rule in enumerate(report.rules)}
    driver = {
        "name": "mailtls",
        "semanticVersion": report.version,
        "informationUri": HOME,
        "rules": [_rule(rule) for rule in report.rules],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": CATEGORY},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report, index)],
        "results": [_result(alert, index) for alert in alerts(report, [Outcome.FAIL])],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _rule(rule: RuleInfo) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.summary[:FULL_DESCRIPTION_LIMIT]},
        "help": {"text": rule.help, "markdown": rule.help},
        "defaultConfiguration": {"level": "error"},
        "properties": {"precision": "very-high", "tags": ["security", "mail", "tls"]},
    }
    if rule.docs_url:
        described["helpUri"] = rule.docs_url
    return described


def _result(alert: Alert, index: Mapping[str, int]) -> dict[str, Any]:
    worst = alert.worst
    return {
        "ruleId": worst.rule,
        "ruleIndex": index[worst.rule],
        "level": worst.level.value,
        "message": {"text": alert.text},
        "locations": [_location(worst.location)],
        "partialFingerprints": {"primaryLocationLineHash": alert.fingerprint},
    }


def _invocation(report: Report, index: Mapping[str, int]) -> dict[str, Any]:
    unknown = alerts(report, [Outcome.INCONCLUSIVE])
    waived = alerts(report, [Outcome.WAIVED])
    weight = Level.WARNING if report.tolerate_inconclusive else Level.ERROR
    invocation: dict[str, Any] = {
        # A run with questions open has not done what it was started for; a failure is an answer.
        "executionSuccessful": not unknown or report.tolerate_inconclusive,
        "exitCode": report.exit_code.value,
        "exitCodeDescription": report.standing.value,
        "startTimeUtc": iso(report.started),
        "toolExecutionNotifications": [
            *(_notification(each, weight, index) for each in unknown),
            *(_notification(each, Level.NOTE, index, "waived: ") for each in waived),
        ],
        "toolConfigurationNotifications": [_configuration(each) for each in report.notices],
    }
    return {key: value for key, value in invocation.items() if value != []}


def _notification(
    alert: Alert, level: Level, index: Mapping[str, int], prefix: str = ""
) -> dict[str, Any]:
    rule = alert.worst.rule
    return {
        "associatedRule": {"id": rule, "index": index[rule]},
        "level": level.value,
        "message": {"text": prefix + alert.text},
        "locations": [_location(alert.worst.location)],
    }


def _configuration(notice: Notice) -> dict[str, Any]:
    said = [notice.message, f"expected: {notice.expected}" if notice.expected else "", notice.hint]
    return {
        "level": notice.level.value,
        "message": {"text": "\n".join(filter(None, said))},
        "locations": [_location(notice.location)],
    }


def _location(location: Location) -> dict[str, Any]:
    region = {
        "startLine": location.line,
        "startColumn": location.column,
        "endLine": location.end_line,
        "endColumn": location.end_column,
    }
    artifact = {"uri": uri(location.file)}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}
