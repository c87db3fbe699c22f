"""Certificates in the order they expire."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailtls.report.expiries import expiries
from mailtls.report.rulegroups import noted, remaining
from mailtls.terms import Level
from report.reports import NAMES, NOW, certificate, failure, report, verdict


def only(made):
    (found,) = expiries(made)
    return found


def test_a_certificate_of_several_endpoints_stands_once():
    assert only(report([verdict()])).endpoints == tuple(sorted(NAMES))


def test_it_stands_as_its_rule_came_out():
    late = failure(rule="certificate-expiry", level=Level.WARNING)

    assert only(report([late])).standing == "warning"
    assert only(report([verdict(rule="certificate-expiry")])).standing == "ok"
    assert only(report([failure()])).standing == ""


@pytest.mark.parametrize(
    ("days", "said"),
    [(80, "80 days left"), (1, "1 day left"), (0, "0 days left"), (-1, "expired today"),
     (-2, "expired 1 day ago"), (-11, "expired 10 days ago")],
)  # fmt: skip
def test_the_time_left_is_said_in_words(days, said):
    assert remaining(days) == said
    made = report([verdict()], leaf=certificate(not_after=NOW + timedelta(days=days, hours=1)))
    assert only(made).left(NOW) == said
    assert noted(made.endpoints[0]) == {"TLS": "TLSv1.3", "certificate": said}


def test_one_of_tomorrow_has_no_time_left_yet():
    made = report([verdict()], leaf=certificate(not_before=NOW + timedelta(days=1)))

    assert only(made).left(NOW) == "not valid before 2026-06-02"
