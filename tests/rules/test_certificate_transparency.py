from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from factories import (
    BCP195,
    CA,
    NOW,
    chose,
    endpoint,
    leaf,
    missing,
    only,
    session,
    tls,
    view,
    with_certificate,
)
from mailtls.evidence import HelloEvidence
from mailtls.rules.certificate_transparency import RULE, needed
from mailtls.rules.grades import control
from mailtls.terms import Outcome, TlsVersion
from mailtls.tls import timestamps
from mailtls.tls.timestamps import Timestamp

WANTED = with_certificate(transparency=True)


def stamp(log, **changes):
    return Timestamp(
        **{"log": log * 32, "at": NOW - timedelta(days=30), "algorithm": "sha256-ecdsa"} | changes
    )


@pytest.fixture
def judged(monkeypatch):
    def judged(embedded, stapled=(), days=90):
        monkeypatch.setattr(timestamps, "embedded", lambda _: embedded)
        monkeypatch.setattr(timestamps, "stapled", lambda _: stapled)
        served = leaf(not_before=NOW, not_after=NOW + timedelta(days=days))
        return only(RULE.check(view(WANTED, session(tls(served, CA)))))

    return judged


@pytest.mark.parametrize(
    ("shown", "outcome"), [(leaf(), Outcome.PASS), (CA, Outcome.FAIL)], ids=["same", "other"]
)
def test_the_handshake_counts_for_the_same_leaf(monkeypatch, shown, outcome):
    def shaken(listed):
        return {b"": (), b"list": (stamp("b"),)}[listed]

    monkeypatch.setattr(timestamps, "embedded", lambda _: (stamp("a"),))
    monkeypatch.setattr(timestamps, "shaken", shaken)
    answer = replace(chose(TlsVersion.TLS1_2).answer, certificates=(shown.der,), timestamps=b"list")
    served = leaf(not_before=NOW - timedelta(days=9), not_after=NOW + timedelta(days=90))
    shown_leaf = replace(served, der=leaf().der)
    hellos = {control(WANTED, BCP195).label: HelloEvidence(answer=answer)}
    found = view(WANTED, session(tls(shown_leaf, CA)), hellos, RULE)
    assert only(RULE.check(found)).outcome is outcome


def test_browsers_ask_for_a_third_log_over_180_days():
    for days, logs in ((180, 2), (181, 3)):
        assert needed(leaf(not_before=NOW, not_after=NOW + timedelta(days=days))) == logs


@pytest.mark.parametrize(
    ("embedded", "stapled", "days"),
    [
        ((stamp("a"), stamp("b")), (), 90),
        ((stamp("a"),), (stamp("b"),), 90),
        ((stamp("a"), stamp("b"), stamp("c")), (), 365),
        ((stamp("a"), stamp("b")), None, 90),
    ],
)
def test_enough_logs_pass(judged, embedded, stapled, days):
    assert judged(embedded, stapled, days).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("embedded", "count", "days"),
    [
        ((), 0, 90),
        ((stamp("a"),), 1, 90),
        ((stamp("a"), stamp("a")), 1, 90),
        ((stamp("a"), stamp("b", algorithm="")), 1, 90),
        ((stamp("a"), stamp("b", algorithm="sha1-rsa")), 1, 90),
        ((stamp("a"), stamp("b", at=NOW + timedelta(days=1))), 1, 90),
        ((stamp("a"), stamp("b")), 2, 365),
    ],
)
def test_too_few_fail(judged, embedded, count, days):
    finding = judged(embedded, days=days)
    assert finding.outcome is Outcome.FAIL
    assert f"timestamps of {count} transparency logs" in finding.message


def test_what_cannot_be_read_is_open(judged):
    assert judged(None).outcome is Outcome.INCONCLUSIVE


def test_only_where_the_policy_asks():
    assert list(RULE.check(view(endpoint()))) == []
    assert only(RULE.check(view(WANTED, missing()))).outcome is Outcome.INCONCLUSIVE
