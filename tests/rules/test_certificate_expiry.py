from __future__ import annotations

from datetime import timedelta

import pytest

from factories import NOW, endpoint, leaf, missing, only, session, tls, view, with_certificate
from mailtls.rules.certificate_expiry import RULE
from mailtls.terms import Outcome

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def judged(of, **dates):
    return only(RULE.check(view(of, session(tls(leaf(**dates))))))


@pytest.mark.parametrize(
    ("of", "left", "outcome", "message"),
    [
        (endpoint(), 14 * DAY, Outcome.PASS, "14 days left"),
        (endpoint(), 14 * DAY - SECOND, Outcome.FAIL, "the certificate expires in 13 days"),
        (endpoint(), DAY, Outcome.FAIL, "the certificate expires in 1 day"),
        (endpoint(), timedelta(0), Outcome.FAIL, "the certificate expires in 0 days"),
        (endpoint(), -SECOND, Outcome.FAIL, "the certificate expired 0 days ago"),
        (endpoint(), -3 * DAY, Outcome.FAIL, "the certificate expired 3 days ago"),
        (
            with_certificate(days_left=21),
            20 * DAY,
            Outcome.FAIL,
            "the certificate expires in 20 days",
        ),
        (with_certificate(days_left=1), 2 * DAY, Outcome.PASS, "2 days left"),
        (with_certificate(days_left=0), DAY, Outcome.PASS, "1 day left"),
    ],
)
def test_days_left_are_held_to_the_second(of, left, outcome, message):
    finding = judged(of, not_after=NOW + left)
    assert (finding.outcome, finding.message) == (outcome, message)
    assert finding.key == "certificate.days_left"


@pytest.mark.parametrize(
    ("into_the_second", "outcome"),
    [(timedelta(microseconds=999_999), Outcome.PASS), (SECOND, Outcome.FAIL)],
)
def test_the_last_second_belongs_to_the_certificate_to_its_end(into_the_second, outcome):
    of = with_certificate(days_left=0)
    full = session(tls(leaf(not_after=NOW)))
    assert only(RULE.check(view(of, full, now=NOW + into_the_second))).outcome is outcome


def test_a_certificate_of_tomorrow_is_not_valid_yet():
    finding = judged(endpoint(), not_before=NOW + DAY)
    assert finding.message == "the certificate is not valid yet"
    assert "2026-06-02T12:00:00Z" in finding.observed


def test_no_handshake_is_inconclusive():
    assert only(RULE.check(view(endpoint(), missing()))).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("keys", "left", "outcome", "asked"),
    [
        ({"lifetime_left": 33}, 33 * DAY, Outcome.PASS, "lifetime_left"),
        ({"lifetime_left": 33}, 33 * DAY - SECOND, Outcome.FAIL, "lifetime_left"),
        ({"lifetime_left": 10}, 12 * DAY, Outcome.PASS, "lifetime_left"),
        ({"lifetime_left": 33, "days_left": 40}, 39 * DAY, Outcome.FAIL, "days_left"),
        ({"lifetime_left": 33, "days_left": 20}, 32 * DAY, Outcome.FAIL, "lifetime_left"),
        ({"lifetime_left": 33, "days_left": 20}, 33 * DAY, Outcome.PASS, "lifetime_left"),
    ],
)
def test_a_share_of_the_lifetime_may_have_to_be_left(keys, left, outcome, asked):
    dates = {"not_before": NOW + left - 100 * DAY, "not_after": NOW + left}
    finding = judged(with_certificate(**keys), **dates)
    assert (finding.outcome, finding.key) == (outcome, f"certificate.{asked}")
    assert f"{keys['lifetime_left']}% of its lifetime" in finding.expected


def test_without_a_handshake_the_share_is_open_at_its_key():
    finding = only(RULE.check(view(with_certificate(lifetime_left=33), missing())))
    assert finding.key == "certificate.lifetime_left"
    assert finding.expected == "valid now, and at least 33% of its lifetime left"
