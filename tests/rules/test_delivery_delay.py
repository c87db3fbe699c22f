from __future__ import annotations

from datetime import timedelta

from deliveries import SENT, arrived, carried, delivery, evidence, run, stamp, stored, taken
from factories import only
from mailtls.rules.delivery_delay import RULE
from mailtls.terms import Outcome


def judged(within, *records, after=10.0):
    seen = evidence(None, arrived(*records, at=SENT + timedelta(seconds=after)))
    return only(p.finding for p in RULE.across(run(delivery(within=within), seen)))


def test_in_time():
    found = judged(10.0, stored(stamp(7)), carried(at=stamp(5)), taken())
    assert found.outcome is Outcome.PASS
    assert found.message == "round trip: the message was found after 10.0 s"
    assert found.observed == (
        "mail.example.org after 0 s, mx.example.net after 5 s, mx.example.net after 2 s,"
        " found after another 3.0 s"
    )


def test_too_late():
    found = judged(9.0, stored(stamp(7)), carried(at=stamp(5)), taken())
    assert found.outcome is Outcome.FAIL
    assert found.expected == "found at most 9 s after it was accepted"
    assert "the longest wait, 5 s, was before mx.example.net" in found.remedy
    assert found.key == "expect.within"


def test_clocks_that_are_off_decide_nothing():
    found = judged(10.0, carried(at=stamp(3600)), taken(at=stamp(-60)), after=4.0)
    assert found.outcome is Outcome.PASS
    assert found.observed == (
        "found after another 4.0 s, the stamp of mail.example.org is left out: its clock or one before"
        " it is off, for it is 60 s before what came first, the stamp of mx.example.net is left out:"
        " its clock or one before it is off, for it is 3596 s behind the discovery"
    )
