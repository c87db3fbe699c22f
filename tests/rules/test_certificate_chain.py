from __future__ import annotations

from datetime import timedelta

import pytest

from factories import (
    CA,
    NOW,
    PINNED,
    ROOT,
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
from mailtls.evidence import PathProblem
from mailtls.rules.certificate_chain import RULE
from mailtls.terms import Level, Outcome

LEAF = leaf()
GOOD = path(LEAF, CA, ROOT)
NO_ISSUER = PathProblem(code=20, text="unable to get local issuer certificate", depth=0, subject="")
TWIN = certificate("CN=Example CA", "CN=Old Root", not_after=NOW - timedelta(days=1), key=CA.key)
STRANGER = certificate("CN=Stranger", "CN=Elsewhere")


def judged(facts, of=None):
    return list(RULE.check(view(of or endpoint(), session(facts))))


def test_leaf_and_intermediate_are_a_complete_chain():
    assert only(judged(tls(LEAF, CA, path=GOOD))).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        ((LEAF, CA, ROOT), "holds a root"),
        ((LEAF, CA, CA), "sent twice"),
        ((LEAF, CA, STRANGER), "does not belong to it: CN=Stranger"),
        ((LEAF, TWIN, CA), "second certificate of the same CA, valid to 2026-05-31"),
    ],
)
def test_what_is_too_much_is_a_note(chain, words):
    finding = only(judged(tls(*chain, path=GOOD)))
    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.NOTE)
    assert words in finding.message


def test_a_wrong_order_is_a_note():
    other = certificate("O=Example,CN=Example Root", "CN=Top")
    whole = path(LEAF, CA, other, certificate("CN=Top", "CN=Top"))
    finding = only(judged(tls(LEAF, other, CA, path=whole)))
    assert (finding.message, finding.level) == ("the chain is out of order", Level.NOTE)


@pytest.mark.parametrize("found", [path(problem=NO_ISSUER), GOOD])
def test_an_intermediate_that_is_not_sent_fails_at_the_endpoints_level(found):
    alone = leaf(issuer_urls=("http://ca.example/ca.der",))
    members = (alone.sha256, *found.verified[1:]) if found.verified else ()
    facts = tls(alone, path=path(problem=found.problem, verified=members))
    finding = only(judged(facts))
    assert finding.outcome is Outcome.FAIL
    assert finding.level is None
    assert "CN=Example CA" in finding.message
    assert "http://ca.example/ca.der" in finding.remedy


def test_an_issuer_that_may_be_a_private_root_can_be_named_instead():
    facts = tls(leaf(), path=path(problem=NO_ISSUER))
    assert "private root, name it as `certificate.trust: FILE.pem`" in only(judged(facts)).remedy
    findable = leaf(issuer_urls=("http://ca.example/ca.der",))
    assert "private root" not in only(judged(tls(findable, path=path(problem=NO_ISSUER)))).remedy
    held = path(leaf(), CA, ROOT)
    assert "private root" not in only(judged(tls(leaf(), path=held))).remedy


def test_a_chain_to_an_unknown_root_is_complete():
    unknown = PathProblem(code=19, text="self-signed certificate in chain", depth=2, subject="")
    findings = judged(tls(LEAF, CA, ROOT, path=path(problem=unknown)))
    assert [finding.level for finding in findings] == [Level.NOTE]


def test_a_self_signed_certificate_alone_is_complete():
    own = certificate("CN=own", "CN=own")
    self_signed = PathProblem(code=18, text="self-signed certificate", depth=0, subject="")
    assert only(judged(tls(own, path=path(problem=self_signed)))).outcome is Outcome.PASS


def test_an_anchor_may_be_the_leaf_itself():
    assert only(judged(tls(LEAF, path=path(LEAF)))).outcome is Outcome.PASS


def test_trust_by_pin_needs_no_chain():
    of = with_certificate(trust=PINNED, pins=("00" * 32,))
    assert only(judged(tls(LEAF, path=path(judged=False)), of)).outcome is Outcome.PASS


def test_without_any_anchor_completeness_stays_open():
    finding = only(judged(tls(LEAF, path=path(judged=False))))
    assert finding.outcome is Outcome.INCONCLUSIVE


def test_no_handshake_is_inconclusive():
    assert only(RULE.check(view(endpoint(), missing()))).outcome is Outcome.INCONCLUSIVE
