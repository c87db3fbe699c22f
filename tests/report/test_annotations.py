"""What is marked where, before any CI's escaping; the runner's reading of it is in test_github."""

from __future__ import annotations

from mailtls.errors import Problem
from mailtls.report.annotations import by_line, of_problems, of_report
from mailtls.terms import Level
from mailtls.verdict import Location
from report.reports import failure, mixed, report, unknown

PLACE = Location(file="p.yml", line=2, column=1, end_line=2, end_column=3)


def test_each_rule_at_an_endpoint_is_one_mark_with_its_code():
    told = [(each.code, each.level, each.location.line) for each in of_report(mixed())]

    assert told == [("tls-version", Level.ERROR, 3), ("mode", Level.ERROR, 4)]


def test_what_could_not_be_determined_says_the_way_out_where_there_is_one():
    (mark,) = of_report(report([unknown(remedy="run elsewhere")]))

    assert mark.message.splitlines()[-3:-1] == [
        "stopped in GREETING, TIMED_OUT",
        "fix: run elsewhere",
    ]


def test_tolerated_questions_are_warnings():
    (mark,) = of_report(report([unknown()], tolerate=True))

    assert mark.level is Level.WARNING


def test_problems_of_the_policy_are_marks_and_come_with_a_report_too():
    problem = Problem(location=PLACE, message="odd", hint="say so", level=Level.WARNING)

    (alone,) = of_problems([problem])
    assert (alone.code, alone.message, alone.location) == ("policy", "odd\nsay so", PLACE)
    assert alone in of_report(report([failure()], problems=[problem]))


def test_marks_have_an_order_in_their_file():
    marks = of_report(mixed())

    assert sorted(marks, key=by_line) == marks
