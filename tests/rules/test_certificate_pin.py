from __future__ import annotations

import pytest

from factories import (
    CA,
    PINNED,
    endpoint,
    leaf,
    missing,
    only,
    path,
    session,
    tls,
    view,
    with_certificate,
)
from mailtls.rules.certificate_pin import RULE
from mailtls.terms import Level, Outcome

LEAF_PIN = leaf().key.spki_sha256
CA_PIN = CA.key.spki_sha256


def judged(*pins, facts=None, **trust):
    of = with_certificate(pins=pins, **trust)
    return only(RULE.check(view(of, session(facts))))


def test_a_silent_policy_says_nothing():
    assert list(RULE.check(view(endpoint()))) == []


def test_the_leafs_key_or_that_of_a_verified_issuer_passes():
    assert judged("00" * 32, LEAF_PIN).outcome is Outcome.PASS
    assert judged(CA_PIN, "00" * 32).outcome is Outcome.PASS


def test_an_issuer_without_a_verified_path_does_not_count():
    unverified = tls(path=path(judged=False))
    assert judged(CA_PIN, facts=unverified, trust=PINNED).outcome is Outcome.FAIL
    both = judged(LEAF_PIN, CA_PIN, facts=unverified, trust=PINNED)
    assert both.outcome is Outcome.PASS


@pytest.mark.parametrize("pins", [(LEAF_PIN,), (CA_PIN,), (LEAF_PIN, CA_PIN)])
def test_without_a_pin_of_a_key_that_is_not_served_a_note_asks_for_a_backup(pins):
    finding = judged(*pins)
    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.NOTE)
    assert "no backup key" in finding.message


def test_another_key_fails_and_shows_the_value_to_pin():
    finding = judged("00" * 32)
    assert finding.outcome is Outcome.FAIL
    assert finding.observed == f"the leaf's key is sha256:{LEAF_PIN}"
    assert finding.key == "certificate.pins"


def test_no_handshake_is_inconclusive():
    of = with_certificate(pins=(LEAF_PIN,))
    assert only(RULE.check(view(of, missing()))).outcome is Outcome.INCONCLUSIVE
