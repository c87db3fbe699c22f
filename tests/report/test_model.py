"""What a report can be asked."""

from __future__ import annotations

from datetime import timedelta

from mailtls.terms import Level, Outcome
from report.reports import NOW, certificate, failure, mixed, report, unknown


def test_every_outcome_is_counted():
    assert {outcome: mixed().count(outcome) for outcome in Outcome} == {
        Outcome.PASS: 2,
        Outcome.FAIL: 2,
        Outcome.INCONCLUSIVE: 2,
        Outcome.WAIVED: 0,
        Outcome.NOT_APPLICABLE: 1,
    }


def test_only_a_failure_at_the_level_asked_for_fails_the_run():
    made = report([failure(level=Level.WARNING, rule="a"), failure(rule="b"), unknown(rule="c")])

    assert [made.fails(result) for result in made.results] == [False, True, False]


def test_days_left_are_the_least_of_all_leaves():
    assert report([failure()], leaf=certificate(not_after=NOW + timedelta(days=9))).days_left == 9
