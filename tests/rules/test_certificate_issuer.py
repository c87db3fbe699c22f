from __future__ import annotations

import pytest

from factories import (
    CA,
    certificate,
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
from mailtls.rules.certificate_issuer import RULE
from mailtls.terms import Outcome


def judged(*wanted, facts=None):
    of = with_certificate(issuer=wanted)
    return only(RULE.check(view(of, session(facts))))


def test_a_silent_policy_says_nothing():
    assert list(RULE.check(view(endpoint()))) == []


@pytest.mark.parametrize("name", ["Example CA", "example  ca", "Example Root", "Example"])
def test_any_issuer_on_the_way_to_the_anchor_counts(name):
    assert judged("Other", name).outcome is Outcome.PASS


def test_another_ca_fails_and_is_named():
    finding = judged("Other CA")
    assert finding.outcome is Outcome.FAIL
    assert "Example CA" in finding.observed
    assert finding.key == "certificate.issuer"


def test_a_stranger_appended_to_the_chain_does_not_count():
    stranger = certificate("CN=Other", "CN=Other CA")
    facts = tls(leaf(), CA, stranger, path=path(leaf(), CA))
    assert judged("Other CA", facts=facts).outcome is Outcome.FAIL


def test_no_handshake_is_inconclusive():
    of = with_certificate(issuer=("Example CA",))
    assert only(RULE.check(view(of, missing()))).outcome is Outcome.INCONCLUSIVE
