from __future__ import annotations

import pytest

from factories import (
    at,
    endpoint,
    implicit,
    implicit_session,
    leaf,
    missing,
    run_view,
    session,
    tls,
)
from mailtls.policy.model import AddressChoice, Agreement, Aspect
from mailtls.rules.agreement import RULE
from mailtls.terms import Level, Outcome, TlsVersion

ONE, OTHER = endpoint(), implicit(name="other", level=Level.NOTE)


def agreement(*same):
    return Agreement(
        name="alike",
        endpoints=("submission", "other"),
        same=same or tuple(Aspect),
        route=("agreements", 0),
    )


def judged(full, *same, more=()):
    views = (at("192.0.2.1", ONE), at("192.0.2.2", OTHER, full), *more)
    return list(RULE.across(run_view(*views, agreements=(agreement(*same),))))


def test_what_is_the_same_passes_aspect_by_aspect():
    found = judged(implicit_session())
    assert [placed.finding.outcome for placed in found] == [Outcome.PASS] * 6
    assert {placed.route for placed in found} == {("agreements", 0)}


@pytest.mark.parametrize(
    ("facts", "broken"),
    [
        (tls(leaf(sha256="0" * 64)), {"certificate"}),
        (tls(leaf(sha256="0" * 64, dns_names=("b", "mail.example.org"))), {"certificate", "names"}),
        (tls(leaf(issuer="CN=Other CA")), {"certificate", "issuer"}),
        (tls(version=TlsVersion.TLS1_2), {"TLS version"}),
        (tls(cipher="TLS_AES_128_GCM_SHA256"), {"cipher suite"}),
        (tls(group=""), {"group"}),
    ],
)
def test_each_aspect_is_its_own_finding(facts, broken):
    found = [p for p in judged(implicit_session(facts)) if p.finding.outcome is Outcome.FAIL]
    assert len(found) == len(broken)
    for placed in found:
        assert placed.endpoint is OTHER
        assert placed.finding.level is Level.NOTE
        assert "other (192.0.2.2): " in placed.finding.observed
        assert placed.finding.message.startswith("alike: the endpoints do not agree on the ")
    messages = " ".join(placed.finding.message for placed in found)
    assert all(words in messages for words in broken)


def test_the_order_of_names_is_no_difference():
    one = session(tls(leaf(dns_names=("a", "b"))))
    other = implicit_session(tls(leaf(dns_names=("b", "a"))))
    views = (at("192.0.2.1", ONE, one), at("192.0.2.2", OTHER, other))
    (placed,) = RULE.across(run_view(*views, agreements=(agreement(Aspect.NAMES),)))
    assert placed.finding.outcome is Outcome.PASS


def test_only_what_is_declared_is_compared():
    (placed,) = judged(implicit_session(tls(group="P-256")), Aspect.ISSUER)
    assert placed.finding.outcome is Outcome.PASS


def test_a_gap_is_open_unless_any_address_is_enough():
    (placed,) = judged(missing(), Aspect.ISSUER)
    assert placed.finding.outcome is Outcome.INCONCLUSIVE
    relaxed = implicit(name="other", addresses=AddressChoice.ANY)
    views = (
        at("192.0.2.1", ONE),
        at("192.0.2.2", relaxed, implicit_session()),
        at("192.0.2.3", relaxed, missing()),
    )
    (placed,) = RULE.across(run_view(*views, agreements=(agreement(Aspect.ISSUER),)))
    assert placed.finding.outcome is Outcome.PASS


def test_without_an_agreement_nothing_is_said():
    assert list(RULE.across(run_view(at("192.0.2.1", ONE)))) == []
