"""JUnit XML as GitLab and Jenkins read it."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, fromstring

import pytest

from mailtls.report import junit
from mailtls.terms import Cause, Level, Outcome
from report.reports import NAMES, POISON, failure, hostile, mixed, report, unknown, verdict

# XML 1.0 section 2.2, without the characters it discourages.
ILLEGAL = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010fffd]")
# The parts that Jenkins' schema (junit-10.xsd of its xunit plugin) and GitLab's parser both know:
# where they stand, and which of their attributes have to be there.
KNOWN = {
    "testsuites": {"name", "tests", "failures", "errors", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "timestamp"},
    "testcase": {"classname", "name"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
    "system-out": set(),
}
NEEDED = {
    "testsuite": {"name", "tests", "failures", "errors"},
    "testcase": {"name"},
}
INSIDE = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}
TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


def document(made) -> Element:
    text = junit.render(made)
    assert not ILLEGAL.search(text)
    root = fromstring(text)  # noqa: S314 - our own text
    assert root.tag == "testsuites"
    assert TIME.fullmatch(root.get("time"))
    counts = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for node in root.iter():
        assert NEEDED.get(node.tag, set()) <= set(node.attrib) <= KNOWN[node.tag]
        assert {child.tag for child in node} <= INSIDE.get(node.tag, set())
        for name, kind in counts.items():
            assert node.get(name) in (None, str(len(list(node.iter(kind)))))
    return root


def kinds(made) -> dict[tuple[str, str], str]:
    found = {}
    for case in document(made).iter("testcase"):
        rule = case.attrib["name"].partition(":")[0]
        said = [child.tag for child in case if child.tag != "system-out"]
        found[case.attrib["classname"], rule] = said[0] if said else "passed"
    return found


def test_each_endpoint_is_a_suite_and_each_rule_a_case():
    assert kinds(mixed()) == {
        (NAMES[0], "mode"): "passed",
        (NAMES[0], "tls-version"): "failure",
        (NAMES[1], "certificate-name"): "skipped",
        (NAMES[1], "mode"): "error",
        (NAMES[2], "tls-version"): "passed",
        (NAMES[2], "starttls-offered"): "skipped",
    }


def test_the_body_says_it_all_for_gitlab_shows_nothing_else():
    failed = document(mixed()).find(".//failure")

    assert failed.get("message") == "the server accepts TLSv1.0"
    for part in ("192.0.2.1, 192.0.2.2", "expected: TLSv1.2", "observed: TLSv1.0", "fix: set"):
        assert part in failed.text
    assert "C: EHLO probe.example" in document(mixed()).find(".//system-out").text


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (report([failure(level=Level.WARNING)]), "passed"),
        (report([failure(level=Level.WARNING)], fail_on=Level.WARNING), "failure"),
        (report([unknown(rule="tls-version")]), "error"),
        (report([unknown(rule="tls-version")], tolerate=True), "skipped"),
        (report([verdict(outcome=Outcome.WAIVED)]), "skipped"),
        (report([verdict(outcome=Outcome.NOT_APPLICABLE), verdict(address="::2")]), "passed"),
        (report([unknown(), failure(address="192.0.2.2")]), "failure"),
    ],
)
def test_a_case_is_red_exactly_where_the_run_is(made, kind):
    assert kinds(made)[NAMES[0], "tls-version"] == kind
    assert (kind in ("failure", "error")) == (made.exit_code != 0)


def test_what_waits_for_a_lighter_finding_is_red_itself():
    waiting = unknown(rule="mode", cause=Cause.PREREQUISITE)

    assert kinds(report([failure(), waiting]))[NAMES[0], "mode"] == "skipped"
    assert kinds(report([failure(level=Level.NOTE), waiting]))[NAMES[0], "mode"] == "error"


def test_a_lighter_finding_stays_readable():
    assert "fix: set" in document(report([failure(level=Level.NOTE)])).find(".//system-out").text


def test_text_of_a_stranger_stays_text():
    failed = document(hostile()).find(".//failure")

    assert POISON[:30] in failed.text
    assert not list(failed)
