"""Diagrams as text; tests/browser has Mermaid itself read them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.report import mermaid
from report.reports import NOW, certificate, failure, report, verdict


def chart(**changes):
    return mermaid.timeline(report([verdict()], leaf=certificate(**changes)))


@given(st.text())
def test_nothing_with_a_meaning_is_left_of_a_text(text):
    plain = mermaid.plain(text)

    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ._-]*", plain)
    assert len(plain) <= mermaid.TEXT_LIMIT
    assert "--" not in plain


def test_what_is_left_can_be_read():
    assert mermaid.plain("smtp.example.com:587") == "smtp.example.com 587"
    assert mermaid.plain("[2001:db8::1]:25") == "2001 db8 1 25"
    assert mermaid.plain("a-->>b\n%% c") == "a- b c"
    assert mermaid.plain("::") == "unnamed"
    assert mermaid.plain("x" * 99).endswith("xxx...")


def test_a_bar_is_the_time_that_is_left():
    assert chart() == [
        '%%{init: {"gantt": {"leftPadding": 237}}}%%',
        "gantt",
        "  title Certificates from 2026-06-01",
        "  dateFormat YYYY-MM-DD",
        "  axisFormat %Y-%m-%d",
        "  section imap.example.com 993 and 2 more",
        "  80 days left :active, 2026-06-01, 2026-08-20",
    ]


@pytest.mark.parametrize(
    ("first", "last", "bar"),
    [
        (-90, -10, "  expired 9 days ago :crit, 2026-05-22, 2026-06-01"),
        (-900, -800, "  expired 799 days ago :crit, 2026-03-03, 2026-06-01"),
        (-90, -0.2, "  expired today :crit, 2026-06-01, 2026-06-02"),
        (-90, 0.2, "  0 days left :active, 2026-06-01, 2026-06-02"),
        (5, 95, "  not valid before 2026-06-06 :active, 2026-06-06, 2026-09-04"),
        (-90, 3650, "  3650 days left :active, 2026-06-01, 2027-07-06"),
    ],
)
def test_a_bar_stays_in_sight(first, last, bar):
    dates = {"not_before": NOW + timedelta(days=first), "not_after": NOW + timedelta(days=last)}

    assert chart(**dates)[-1] == bar


def test_one_that_a_rule_speaks_against_stands_out():
    assert ":crit," in mermaid.timeline(report([failure(rule="certificate-expiry")]))[-1]


def test_a_block_is_closed():
    assert mermaid.fenced(["gantt"]) == "```mermaid\ngantt\n```\n"
