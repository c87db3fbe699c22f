from __future__ import annotations

from datetime import timedelta

from factories import (
    NOW,
    at,
    endpoint,
    greeting,
    implicit,
    implicit_session,
    key,
    leaf,
    missing,
    run_view,
    session,
    tls,
)
from mailtls.policy.model import AddressChoice
from mailtls.rules.certificate_agreement import RULE
from mailtls.terms import Level, Outcome, Protocol

OLDER = leaf(
    serial="old",
    sha256="0" * 64,
    not_before=NOW - timedelta(days=340),
    not_after=NOW + timedelta(days=25),
)
SMTP = endpoint()
IMAP = implicit(name="imap", port=993, protocol=Protocol.IMAP, role=None)


def judged(*views):
    return [(p.endpoint.name, p.view, p.finding) for p in RULE.across(run_view(*views))]


def stale(**changes):
    facts = tls(leaf(**changes) if changes else OLDER)
    return implicit_session(facts, greeting_after=greeting("Dovecot ready."))


def test_one_certificate_for_all_passes():
    outcomes = judged(at("192.0.2.1", SMTP), at("192.0.2.1", IMAP, implicit_session()))
    assert [f.outcome for _, _, f in outcomes] == [Outcome.PASS, Outcome.PASS]


def test_the_older_one_was_likely_not_reloaded():
    where = at("192.0.2.1", IMAP, stale())
    (good, _, passing), (bad, view, finding) = judged(at("192.0.2.1", SMTP), where)
    assert (good, passing.outcome) == ("submission", Outcome.PASS)
    assert (bad, view) == ("imap", where)
    assert finding.level is Level.WARNING
    assert finding.message == (
        "an older certificate than on submission is served: likely not reloaded"
    )
    assert "doveadm reload" in finding.remedy
    assert "postfix reload" not in finding.remedy
    assert "; submission serves sha256:" in finding.observed


def test_of_two_issued_at_once_neither_is_called_stale():
    twin = stale(serial="2", sha256="0" * 64, key=key("ecdsa", 256, "P-256"))
    failed = [
        f
        for _, _, f in judged(
            at("192.0.2.1", SMTP), at("192.0.2.2", SMTP), at("192.0.2.1", IMAP, twin)
        )
        if f.outcome is Outcome.FAIL
    ]
    assert [f.message for f in failed] == ["another certificate than on submission is served"]
    assert failed[0].observed.endswith("the keys are ecdsa and rsa")


def test_each_stale_address_has_its_finding():
    old = session(tls(OLDER))
    found = judged(
        at("192.0.2.1", SMTP),
        at("192.0.2.2", SMTP, old),
        at("192.0.2.3", SMTP, old),
        at("192.0.2.1", IMAP, implicit_session()),
    )
    addresses = [v.target.address for _, v, f in found if f.outcome is Outcome.FAIL]
    assert addresses == ["192.0.2.2", "192.0.2.3"]


def test_other_identities_are_not_compared():
    other = implicit(name="imap", identity="imap.example.org")
    found = judged(at("192.0.2.1", SMTP), at("192.0.2.1", other, stale()))
    assert {f.outcome for _, _, f in found} == {Outcome.NOT_APPLICABLE}


def test_without_a_certificate_it_is_open_and_without_a_peer_it_has_no_meaning():
    found = judged(at("192.0.2.1", SMTP), at("192.0.2.1", IMAP, missing()))
    assert [f.outcome for _, _, f in found] == [Outcome.NOT_APPLICABLE, Outcome.INCONCLUSIVE]


def test_where_any_address_is_enough_one_certificate_is_too():
    of = endpoint(addresses=AddressChoice.ANY)
    found = judged(
        at("192.0.2.1", of),
        at("192.0.2.2", of, missing()),
        at("192.0.2.1", IMAP, implicit_session()),
    )
    assert [f.outcome for _, _, f in found] == [Outcome.PASS, Outcome.PASS]
