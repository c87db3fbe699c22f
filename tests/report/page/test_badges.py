"""How something stands, in a word."""

from __future__ import annotations

import pytest

from mailtls.report.page.badges import anchors, badge, standing
from mailtls.terms import Level, Outcome
from report.page.dom import parse
from report.reports import failure, mixed, report, unknown, verdict


@pytest.mark.parametrize(
    ("made", "word"),
    [
        (failure(), "error"),
        (failure(level=Level.NOTE), "note"),
        (unknown(), "unknown"),
        (verdict(outcome=Outcome.WAIVED), "waived"),
    ],
)
def test_a_finding_stands_by_its_outcome_and_level(made, word):
    assert standing(report([made]).results[0]) == word


def test_a_badge_is_more_than_a_colour():
    words = ("error", "warning", "note", "unknown", "ok")
    assert len({parse(badge(word).text).text for word in words}) == len(words)
    assert parse(badge("error", "expired").text).text == "\N{MULTIPLICATION X} expired"


def test_every_endpoint_has_an_anchor_that_no_name_can_break():
    found = anchors(mixed())

    assert len(set(found.values())) == len(found) == 3
    assert all(anchor.replace("-", "").isalnum() for anchor in found.values())
