from __future__ import annotations

import pytest

from factories import (
    CA,
    PINNED,
    ROOT,
    certificate,
    endpoint,
    implicit,
    leaf,
    missing,
    only,
    path,
    session,
    tls,
    view,
    with_certificate,
)
from mailtls.evidence import HandshakeRefused, PathProblem
from mailtls.policy.model import Anchors, CertificateExpectation
from mailtls.rules.certificate_trust import RULE
from mailtls.terms import Cause, Level, Outcome, Phase


def problem(code, depth=0, text="openssl says"):
    return PathProblem(code=code, text=text, depth=depth, subject="CN=somebody")


def untrusted(code, *chain, depth=0):
    found = problem(code, depth)
    return tls(*chain, path=path(problem=found, time_problem=found))


def judged(facts, of=None):
    return only(RULE.check(view(of or endpoint(), session(facts))))


def test_a_verified_path_passes():
    assert judged(tls()).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (18, "self-signed"),
        (19, "root that is not a trust anchor"),
        (79, "not a CA certificate"),
        (26, "not meant for TLS servers"),
        (47, "may certify"),
        (66, "too weak"),
        (999, "no path to a trust anchor"),
    ],
)
def test_the_reason_is_one_a_person_can_act_on(code, words):
    finding = judged(untrusted(code))
    assert finding.outcome is Outcome.FAIL
    assert words in finding.message
    assert f"OpenSSL error {code}" in finding.observed
    assert finding.key == "certificate.trust"


@pytest.mark.parametrize("code", [2, 20, 21])
def test_a_missing_intermediate_is_named_with_where_to_get_it(code):
    alone = leaf(issuer_urls=("http://ca.example/ca.der",))
    finding = judged(untrusted(code, alone))
    assert "CN=Example CA" in finding.message
    assert "http://ca.example/ca.der" in finding.remedy


def test_a_private_root_that_is_not_sent_is_named():
    finding = judged(untrusted(20, leaf(), CA, depth=1))
    assert "O=Example,CN=Example Root" in finding.message
    assert "certificate.trust: FILE.pem" in finding.remedy


@pytest.mark.parametrize(("code", "words"), [(10, "has expired"), (9, "is not valid yet")])
def test_an_expired_intermediate_is_a_matter_of_trust(code, words):
    found = PathProblem(code=code, text="openssl says", depth=1, subject=CA.subject)
    finding = judged(tls(path=path(leaf(), CA, ROOT, time_problem=found)))
    assert finding.outcome is Outcome.FAIL
    assert words in finding.message
    assert "valid 2025-08-30 to 2026-08-30" in finding.observed


def test_the_place_of_the_new_intermediate_is_said_where_it_is_known():
    found = PathProblem(code=10, text="openssl says", depth=2, subject="CN=not sent")
    served = leaf(issuer_urls=("http://ca.example/ca.der",))
    finding = judged(tls(served, CA, path=path(served, CA, ROOT, time_problem=found)))
    assert "from http://ca.example/ca.der" in finding.remedy


def test_what_only_stricter_clients_refuse_is_a_note():
    facts = tls(path=path(leaf(), CA, ROOT, web_pki="required EKU not found"))
    finding = judged(facts)
    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.NOTE)
    assert "required EKU not found" in finding.message
    light = judged(facts, endpoint(level=Level.NOTE))
    assert light.level is Level.NOTE


def test_an_expired_leaf_is_left_to_the_expiry():
    finding = judged(tls(path=path(leaf(), CA, ROOT, time_problem=problem(10, depth=0))))
    assert finding.outcome is Outcome.PASS


def test_without_any_anchor_it_stays_open():
    finding = judged(tls(path=path(judged=False)))
    assert (finding.outcome, finding.missing.cause) == (Outcome.INCONCLUSIVE, Cause.PREREQUISITE)


def test_trust_by_pin_is_judged_by_the_pin():
    pinned = with_certificate(trust=PINNED, pins=("00" * 32,))
    assert judged(tls(path=path(judged=False)), pinned).outcome is Outcome.NOT_APPLICABLE


def test_trust_by_pin_without_a_pin_fails_and_shows_the_key():
    finding = judged(tls(path=path(judged=False)), with_certificate(trust=PINNED))
    assert finding.outcome is Outcome.FAIL
    assert leaf().key.spki_sha256 in finding.observed


def test_the_anchors_of_the_policy_are_said():
    of = endpoint(
        certificate=CertificateExpectation(trust=Anchors(label="ca.pem", pem=b"x")),
        level=Level.WARNING,
    )
    finding = judged(untrusted(19), of)
    assert "ca.pem" in finding.expected
    assert finding.level is None


@pytest.mark.parametrize(
    ("full", "phase", "cause"),
    [
        (missing(), Phase.CONNECT, Cause.TIMED_OUT),
        (
            session(HandshakeRefused(alert=112, name="unrecognized_name")),
            Phase.HANDSHAKE,
            Cause.PREREQUISITE,
        ),
        (session(tls(leaf(), chain=())), Phase.HANDSHAKE, Cause.MALFORMED),
    ],
)
def test_without_a_certificate_it_stays_open(full, phase, cause):
    finding = only(RULE.check(view(implicit(), full)))
    assert (finding.missing.phase, finding.missing.cause) == (phase, cause)


def test_a_loop_of_issuers_ends():
    one = certificate("CN=one", "CN=two")
    two = certificate("CN=two", "CN=one")
    assert judged(untrusted(20, one, two)).outcome is Outcome.FAIL
