"""The run's standing and its exit code."""

from __future__ import annotations

import pytest

from mailtls.terms import Level, Outcome
from mailtls.verdict import ExitCode, Standing, exit_code, standing
from report.reports import failure, unknown, verdict

WARNED = failure(level=Level.WARNING)


@pytest.mark.parametrize(
    ("verdicts", "fail_on", "expected"),
    [
        ([verdict()], Level.ERROR, Standing.PASS),
        ([verdict(), failure()], Level.ERROR, Standing.FAIL),
        ([unknown(), failure()], Level.ERROR, Standing.FAIL),
        ([failure(), unknown()], Level.ERROR, Standing.FAIL),
        ([verdict(), unknown()], Level.ERROR, Standing.INCONCLUSIVE),
        ([unknown(level=Level.NOTE)], Level.ERROR, Standing.INCONCLUSIVE),
        ([WARNED], Level.ERROR, Standing.PASS),
        ([WARNED], Level.WARNING, Standing.FAIL),
        ([failure(level=Level.NOTE)], Level.WARNING, Standing.PASS),
        ([failure(level=Level.NOTE)], Level.NOTE, Standing.FAIL),
        ([verdict(outcome=Outcome.WAIVED)], Level.NOTE, Standing.PASS),
        ([verdict(outcome=Outcome.NOT_APPLICABLE)], Level.NOTE, Standing.PASS),
    ],
)
def test_a_failure_wins_over_a_gap_and_a_gap_over_green(verdicts, fail_on, expected):
    assert standing(verdicts, fail_on=fail_on) is expected


@pytest.mark.parametrize(
    ("result", "tolerate", "code"),
    [
        (Standing.PASS, False, 0),
        (Standing.FAIL, False, 1),
        (Standing.FAIL, True, 1),
        (Standing.INCONCLUSIVE, False, 3),
        (Standing.INCONCLUSIVE, True, 0),
    ],
)
def test_exit_codes(result, tolerate, code):
    assert exit_code(result, tolerate_inconclusive=tolerate) is ExitCode(code)
