"""Outputs in the runner's env-file grammar."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.report import outputs
from report.reports import mixed
from report.runner_oracle import env_file


def tokens():
    return itertools.count().__next__


def test_outputs_of_a_run():
    count = itertools.count()
    text = outputs.render(mixed(), {"json": "out/report.json"}, lambda: f"t{next(count)}")

    assert env_file(text) == {
        "verdict": "fail",
        "exit-code": "1",
        "failed": "2",
        "inconclusive": "2",
        "waived": "0",
        "days-left": "80",
        "report-json": "out/report.json",
    }


def test_a_value_that_knows_the_delimiter_is_refused():
    with pytest.raises(ValueError, match="its own delimiter"):
        outputs.render_values({"a": "x\nghadelimiter_known\ny=1"}, lambda: "known")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n"), max_size=80))
def test_any_value_survives(value):
    assert env_file(outputs.render_values({"a": value, "b": "2"}, lambda: "0f" * 16)) == {
        "a": value,
        "b": "2",
    }
