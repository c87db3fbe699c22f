"""Errors of the user's carry all there is to tell."""

from __future__ import annotations

from mailtls.errors import PolicyError, Problem
from mailtls.terms import Level
from mailtls.verdict import Location


def test_a_policy_error_keeps_every_problem_in_order():
    place = Location(file="p.yml", line=1, column=1, end_line=1, end_column=2)
    problems = [Problem(location=place, message=text) for text in ("one", "two")]

    error = PolicyError(problems)

    assert error.problems == tuple(problems)
    assert str(error) == "2 problems in the policy"
    assert problems[0].level is Level.ERROR
