"""What `mailtls validate` says in a terminal."""

from __future__ import annotations

from mailtls.errors import Problem
from mailtls.report.problems import render
from mailtls.report.style import Paint, Style
from mailtls.terms import Level
from mailtls.verdict import Location

PLACE = Location(file="mailtls.yml", line=12, column=5, end_line=12, end_column=9)


def test_a_problem_has_its_line_what_was_expected_and_what_may_be_meant():
    problem = Problem(
        location=PLACE, message="unknown key 'prot'", expected="a key of an endpoint", hint="did you mean 'port'?"
    )  # fmt: skip

    assert render([problem], lambda _: "    prot: 25") == (
        "mailtls.yml:12:5: error: unknown key 'prot'\n"
        "  12 |     prot: 25\n"
        "     |     ^^^^\n"
        "  expected: a key of an endpoint\n"
        "  hint:     did you mean 'port'?\n"
    )


def test_a_line_that_cannot_be_read_is_left_out():
    told = Problem(location=PLACE, message="odd", level=Level.WARNING)

    assert render([told], lambda _: "") == "mailtls.yml:12:5: warning: odd\n"


def test_every_problem_is_told_in_the_order_given():
    two = [Problem(location=PLACE, message="one"), Problem(location=PLACE, message="two")]

    assert [line.rpartition(" ")[2] for line in render(two, lambda _: "").splitlines()] == ["one", "two"]  # fmt: skip


def test_long_words_are_wrapped_and_levels_are_coloured_on_demand():
    told = Problem(location=PLACE, message="odd", expected="one of " + "word, " * 30)

    narrow = render([told], lambda _: "x" * 90, Style(width=40))
    assert max(map(len, narrow.splitlines())) <= 40
    assert "\x1b[31;1merror\x1b[0m" in render([told], lambda _: "", Style(paint=Paint(on=True)))


def test_hostile_text_of_a_policy_stays_on_its_line():
    told = Problem(location=PLACE, message="bad '\x1b[2J\n::error::x'", hint="##[group]")
    shown = render([told], lambda _: "##[error]\r::warning::y")

    assert "\x1b" not in shown
    assert "##[" not in shown
    assert [line[:2] for line in shown.splitlines()] == ["ma", "  ", "  ", "  "]
