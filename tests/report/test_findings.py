"""What is told as one finding, in which order, and in which words it is counted."""

from __future__ import annotations

import pytest

from mailtls.report.findings import Group, groups, merge, observed, tally
from mailtls.report.model import Report
from mailtls.terms import Cause, Level, Outcome, Phase
from report.reports import NAMES, failure, mixed, report, unknown, verdict


def first(made: Report) -> Group:
    return next(group for group in groups(made) if group.endpoint == NAMES[0])


def test_the_same_at_two_addresses_is_one_finding():
    found = merge(report([failure(), failure(address="192.0.2.2")]).results)

    assert [each.addresses for each in found] == [("192.0.2.1", "192.0.2.2")]
    assert found[0].place == f"{NAMES[0]} at 192.0.2.1, 192.0.2.2"


@pytest.mark.parametrize(
    "difference",
    [
        {"rule": "mode"},
        {"level": Level.NOTE},
        {"message": "m"},
        {"expected": "e"},
        {"observed": "o"},
        {"remedy": "r"},
        {"route": ("endpoints", 0, "port")},
    ],
)
def test_what_differs_in_more_than_the_address_is_two(difference):
    other = failure(**{"address": "192.0.2.2", **difference})

    assert len(merge(report([failure(), other]).results)) == 2


def test_two_causes_of_not_knowing_are_two():
    refused = unknown(address="192.0.2.2", cause=Cause.RESET)
    later = unknown(address="192.0.2.3", phase=Phase.HANDSHAKE)

    assert len(merge(report([unknown(), refused, later]).results)) == 3


def test_failures_come_first_and_heavier_ones_before():
    made = report(
        [
            unknown(rule="u"),
            failure(rule="n", level=Level.NOTE),
            failure(rule="w", level=Level.WARNING),
            failure(rule="e"),
        ]
    )

    assert [each.result.rule for each in first(made).findings] == ["e", "w", "n", "u"]


def test_endpoints_come_in_the_order_of_the_policy():
    assert [group.endpoint for group in groups(mixed())] == list(NAMES)


def test_what_waits_for_a_finding_is_behind_it():
    group = groups(mixed())[1]

    assert [finding.result.rule for finding in group.findings] == ["mode"]
    assert group.unjudged == ("certificate-name",)


def test_what_waits_for_nothing_told_is_told_itself():
    made = report([unknown(cause=Cause.PREREQUISITE)])

    assert [finding.result.rule for finding in first(made).findings] == ["tls-version"]


def test_counts_say_what_fails_the_run_and_what_does_not():
    made = report(
        [
            failure(rule="a"),
            failure(rule="b", level=Level.WARNING),
            failure(rule="c", level=Level.WARNING),
            failure(rule="d", level=Level.NOTE),
            unknown(rule="e"),
            verdict(rule="f", outcome=Outcome.WAIVED),
            verdict(rule="g"),
        ]
    )

    assert tally(made) == (
        "1 failed, 2 warnings, 1 note, 1 could not be determined, 1 waived, 1 passed"
    )
    assert tally(report([verdict()])) == "1 passed"


def test_an_endpoint_no_rule_judged_was_not_checked():
    made = report([verdict(outcome=Outcome.NOT_APPLICABLE), verdict(endpoint=NAMES[1])])

    assert {group.endpoint: group.checked for group in groups(made)} == {
        NAMES[0]: False,
        NAMES[1]: True,
        NAMES[2]: False,
    }


def test_what_is_waived_is_kept_apart():
    group = first(report([verdict(outcome=Outcome.WAIVED), failure(rule="mode")]))

    assert [finding.result.rule for finding in group.waived] == ["tls-version"]
    assert [finding.result.rule for finding in group.findings] == ["mode"]


def test_what_the_message_of_an_open_question_says_is_not_said_twice():
    (repeated,) = report([unknown()]).results
    (more,) = report([unknown(observed="not tested: 192.0.2.1:25")]).results
    (failed,) = report([failure(message="saw TLSv1.0 negotiated")]).results

    assert observed(repeated) == ""
    assert observed(more) == "not tested: 192.0.2.1:25"
    assert observed(failed) == "TLSv1.0 negotiated"


def test_what_many_rules_leave_open_for_one_reason_is_told_by_the_first_on_the_wire():
    rules = ("certificate-name", "mode", "reachable", "tls-version")
    made = report(
        [
            *(
                unknown(rule=rule, address=at)
                for rule in rules
                for at in ("192.0.2.1", "192.0.2.2")
            ),
            unknown(rule="tls-version", address="192.0.2.1", message="another reason"),
            failure(rule="mode"),
            failure(rule="tls-version"),
        ]
    )
    group = first(made)

    told = [(each.result.rule, each.result.outcome, each.addresses) for each in group.findings]
    assert told == [
        ("mode", Outcome.FAIL, ("192.0.2.1",)),
        ("tls-version", Outcome.FAIL, ("192.0.2.1",)),
        ("reachable", Outcome.INCONCLUSIVE, ("192.0.2.1", "192.0.2.2")),
        ("tls-version", Outcome.INCONCLUSIVE, ("192.0.2.1",)),
    ]
    assert set(group.unjudged) == {"certificate-name", "mode", "tls-version"}
