from __future__ import annotations

import pytest

from factories import REFUSED, endpoint, missing, only, session, view
from mailtls.rules.reachable import RULE
from mailtls.terms import Cause, Outcome, Phase

CASES = [
    (session(), Outcome.PASS, ""),
    (missing(Phase.GREETING), Outcome.PASS, ""),
    (missing(Phase.HANDSHAKE, Cause.RESET), Outcome.PASS, ""),
    (REFUSED, Outcome.FAIL, "port"),
    (missing(Phase.RESOLVE, Cause.REFUSED), Outcome.FAIL, "host"),
    (missing(Phase.CONNECT, Cause.TIMED_OUT), Outcome.INCONCLUSIVE, "host"),
    (missing(Phase.CONNECT, Cause.UNREACHABLE), Outcome.INCONCLUSIVE, "host"),
    (missing(Phase.RESOLVE, Cause.TIMED_OUT), Outcome.INCONCLUSIVE, "host"),
]


@pytest.mark.parametrize(("full", "outcome", "key"), CASES)
def test_the_connection_alone_decides(full, outcome, key):
    finding = only(RULE.check(view(endpoint(), full)))
    assert (finding.outcome, finding.key) == (outcome, key)


def test_what_is_inconclusive_keeps_phase_and_cause():
    gap = missing(Phase.CONNECT, Cause.UNREACHABLE)
    assert only(RULE.check(view(endpoint(), gap))).missing == gap


def test_a_host_without_an_address_is_judged_by_its_resolution():
    gone = missing(Phase.RESOLVE, Cause.REFUSED)
    finding = only(RULE.check(view(endpoint(), unresolved=gone, target=None)))
    assert finding.outcome is Outcome.FAIL
    assert "mail.example.org" in finding.message
