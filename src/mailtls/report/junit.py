"""JUnit XML: a suite for each endpoint, a case for each rule, so that a rule has a history.

There is no standard; this is what GitLab and Jenkins read. A case fails exactly where the run does:
what weighs less than `--fail-on`, and what was tolerated, must not turn a green run red.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from mailtls.report.alerts import sentences
from mailtls.report.build import iso
from mailtls.report.findings import groups, merge
from mailtls.report.model import Report, Result
from mailtls.terms import Outcome

FAILURE, ERROR, SKIPPED = "failure", "error", "skipped"
ERRORS = {"failures": FAILURE, "errors": ERROR}


def render(report: Report) -> str:
    """Return the document; every character in it is one that XML 1.0 allows."""
    root = Element("testsuites", {"name": "mailtls"})
    titles = {rule.id: rule.title for rule in report.rules}
    cases: dict[str, dict[str, list[Result]]] = {each.name: {} for each in report.endpoints}
    for result in report.results:
        cases.setdefault(result.endpoint, {}).setdefault(result.rule, []).append(result)
    explained = _explained(report)
    for endpoint, rules in cases.items():
        suite = SubElement(root, "testsuite", {"name": endpoint, "timestamp": iso(report.started)})
        for rule, results in rules.items():
            case = SubElement(
                suite, "testcase", {"classname": endpoint, "name": f"{rule}: {titles[rule]}"}
            )
            _fill(case, results, report, behind=(endpoint, rule) in explained)
        _count(suite, ERRORS | {"skipped": SKIPPED})
    # Jenkins' schema knows no `skipped` of the whole document.
    _count(root, ERRORS)
    root.set("time", f"{report.seconds:.3f}")
    indent(root)
    declaration = '<?xml version="1.0" encoding="utf-8"?>\n'
    return f"{declaration}{tostring(root, encoding='unicode')}\n"


def _explained(report: Report) -> frozenset[tuple[str, str]]:
    """Return the endpoints' rules that wait for another one whose case is red already."""
    return frozenset(
        (group.endpoint, rule)
        for group in groups(report)
        if any(
            report.fails(each.result) or each.result.outcome is Outcome.INCONCLUSIVE
            for each in group.findings
        )
        for rule in group.unjudged
    )


def _fill(case: Element, results: list[Result], report: Report, *, behind: bool) -> None:
    findings = merge(results)
    body = "\n\n".join("\n".join(sentences(finding)) for finding in findings)
    transcript = [line for result in results for line in result.transcript]
    outcomes = {result.outcome for result in results}
    if any(report.fails(result) for result in results):
        worst = findings[0].result
        _say(case, FAILURE, {"message": worst.message, "type": worst.level.value}, body, transcript)
    elif Outcome.INCONCLUSIVE in outcomes and not report.tolerate_inconclusive and not behind:
        worst = next(each.result for each in findings if each.result.phase is not None)
        kind = f"{worst.phase} {worst.cause}"
        _say(case, ERROR, {"message": worst.message, "type": kind}, body, transcript)
    elif outcomes & {Outcome.INCONCLUSIVE, Outcome.WAIVED} or outcomes == {Outcome.NOT_APPLICABLE}:
        _say(case, SKIPPED, {"message": _why(outcomes, results)}, body, [])
    elif Outcome.FAIL in outcomes:
        SubElement(case, "system-out").text = body


def _why(outcomes: set[Outcome], results: list[Result]) -> str:
    if Outcome.INCONCLUSIVE in outcomes:
        return "could not be determined"
    waived = [result.message for result in results if result.outcome is Outcome.WAIVED]
    return f"waived: {waived[0]}" if waived else "not applicable"


def _say(
    case: Element, kind: str, said: Mapping[str, str], body: str, transcript: list[str]
) -> None:
    # GitLab shows the body and not the message; the transcript goes where both fold it away.
    SubElement(case, kind, dict(said)).text = body
    if transcript:
        SubElement(case, "system-out").text = "\n".join(transcript)


def _count(parent: Element, kinds: Mapping[str, str]) -> None:
    parent.set("tests", str(len(list(parent.iter("testcase")))))
    for name, kind in kinds.items():
        parent.set(name, str(len(list(parent.iter(kind)))))
