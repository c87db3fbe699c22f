"""GitLab Code Quality: a JSON array, one entry for each rule and endpoint.

What could not be determined is in it: GitLab has no other place for it, and a list without it would
read as a pass. It is `major` where it fails the run and `info` where it was tolerated. What is waived
is `info` too, with a fingerprint of its own: it is another entry when it counts again.
"""

from __future__ import annotations

import json
from typing import Any

from mailtls.report.alerts import Alert, alerts, fingerprint, relative
from mailtls.report.model import Notice, Report
from mailtls.terms import Level, Outcome

SEVERITIES = {Level.ERROR: "critical", Level.WARNING: "minor", Level.NOTE: "info"}
UNKNOWN, TOLERATED, WAIVED = "major", "info", "info"


def render(report: Report) -> str:
    """Return the array; an entry of each fingerprint, for GitLab drops a second one."""
    found = alerts(report, [Outcome.FAIL, Outcome.INCONCLUSIVE])
    entries = [_entry(alert, report) for alert in found]
    entries += [_waived(alert) for alert in alerts(report, [Outcome.WAIVED])]
    told = {each["fingerprint"]: each for each in map(_notice, report.notices)}
    return json.dumps([*entries, *told.values()], indent=2, ensure_ascii=True) + "\n"


def _entry(alert: Alert, report: Report) -> dict[str, Any]:
    worst = alert.worst
    if worst.outcome is Outcome.FAIL:
        severity = SEVERITIES[worst.level]
    else:
        severity = TOLERATED if report.tolerate_inconclusive else UNKNOWN
    return _described(alert, worst.rule, alert.fingerprint, severity)


def _waived(alert: Alert) -> dict[str, Any]:
    word = f"waived: {alert.worst.rule}"
    return _described(alert, word, fingerprint("waived", alert.fingerprint), WAIVED)


def _described(alert: Alert, word: str, identity: str, severity: str) -> dict[str, Any]:
    worst = alert.worst
    return {
        # GitLab does not show check_name.
        "description": f"{word}: {alert.text}",
        "check_name": worst.rule,
        "fingerprint": identity,
        "severity": severity,
        "location": {
            "path": relative(worst.location.file),
            "lines": {"begin": worst.location.line, "end": worst.location.end_line},
        },
    }


def _notice(notice: Notice) -> dict[str, Any]:
    path = relative(notice.location.file)
    said = " ".join(filter(None, [notice.message, notice.hint]))
    return {
        "description": f"policy: {said}",
        "check_name": "policy",
        "fingerprint": fingerprint("policy", path, notice.message),
        "severity": SEVERITIES[notice.level],
        "location": {"path": path, "lines": {"begin": notice.location.line}},
    }
