from __future__ import annotations

from datetime import timedelta

import pytest

from factories import CA, NOW, endpoint, leaf, missing, only, session, tls, view, with_certificate
from mailtls.revocations import Status
from mailtls.rules.certificate_staple import RULE
from mailtls.terms import Cause, Outcome
from mailtls.tls import ocsp

WANTED = with_certificate(staple=True)
DAY = timedelta(days=1)


def good(**changes):
    healthy = {"status": "good", "this_update": NOW - DAY, "next_update": NOW + DAY, "signed": True}
    return Status(**healthy | changes)


@pytest.fixture
def judged(monkeypatch):
    def judged(answer, of=WANTED, served=None):
        asked = []

        def read(staple, of_leaf, issuer, at):
            asked.append((staple, of_leaf, issuer, at))
            return answer

        monkeypatch.setattr(ocsp, "read", read)
        served = served or tls(staple=b"response")
        finding = only(RULE.check(view(of, session(served))))
        assert asked == [(b"response", leaf().der, CA.der, NOW)]
        return finding

    return judged


@pytest.mark.parametrize(
    "answer",
    [
        good(),
        good(next_update=None),
        good(this_update=NOW + timedelta(minutes=4)),
        good(next_update=NOW),
    ],
)
def test_a_good_response_passes(judged, answer):
    assert judged(answer).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (good(status="revoked"), "says revoked"),
        (good(status="unknown"), "says unknown"),
        (good(this_update=NOW + timedelta(minutes=6)), "of the future"),
        (good(next_update=NOW - timedelta(seconds=1)), "out of date"),
        (good(signed=False), "not signed for the issuer"),
        ("the response could not be read", "could not be read"),
    ],
)
def test_any_other_fails(judged, answer, words):
    finding = judged(answer)
    assert finding.outcome is Outcome.FAIL
    assert words in finding.message


def test_a_signature_that_cannot_be_checked_is_no_pass(judged):
    finding = judged(good(signed=None))
    assert (finding.outcome, finding.missing.cause) == (Outcome.INCONCLUSIVE, Cause.PREREQUISITE)


def test_no_staple_fails_where_the_policy_or_the_certificate_asks():
    asked = only(RULE.check(view(WANTED)))
    assert (asked.outcome, asked.message) == (Outcome.FAIL, "no OCSP response is stapled")
    must = tls(leaf(must_staple=True), CA)
    demanded = only(RULE.check(view(endpoint(), session(must))))
    assert demanded.outcome is Outcome.FAIL
    assert "must-staple" in demanded.message


def test_what_nobody_asks_for_is_not_judged():
    assert list(RULE.check(view(endpoint(), session(tls(staple=b"nonsense"))))) == []
    assert list(RULE.check(view(endpoint(), missing()))) == []
    assert only(RULE.check(view(WANTED, missing()))).outcome is Outcome.INCONCLUSIVE
