from __future__ import annotations

from dataclasses import replace

import pytest

from factories import (
    BCP195,
    HOST,
    chose,
    endpoint,
    leaf,
    missing,
    only,
    seen,
    session,
    tls,
    view,
    with_certificate,
)
from mailtls.evidence import HandshakeRefused, HelloEvidence
from mailtls.rules.certificate_name import RULE
from mailtls.rules.control import control_question
from mailtls.terms import Cause, Outcome, TlsVersion


def judged(of, certificate):
    return list(RULE.check(view(of, session(tls(certificate)))))


@pytest.mark.parametrize("names", [(HOST,), ("*.example.org",), ("a.example", HOST)])
def test_a_covered_identity_passes(names):
    assert only(judged(endpoint(), leaf(dns_names=names))).outcome is Outcome.PASS


def test_another_name_fails_and_both_are_shown():
    finding = only(judged(endpoint(), leaf(dns_names=("www.example.org",), subject_names=())))
    assert finding.outcome is Outcome.FAIL
    assert HOST in finding.message
    assert finding.observed == "DNS:www.example.org"
    assert finding.key == "host"


def test_the_common_name_does_not_count_and_is_said():
    finding = only(judged(endpoint(), leaf(dns_names=(), subject_names=(HOST,))))
    assert finding.outcome is Outcome.FAIL
    assert "no subject alternative name" in finding.observed
    assert "only the common name matches" in finding.observed


def test_every_name_of_the_policy_has_to_be_covered():
    of = with_certificate(names=("a.example.org", HOST, "b.example.org"))
    findings = judged(of, leaf(dns_names=(HOST, "a.example.org")))
    assert [(f.outcome, f.key) for f in findings] == [(Outcome.FAIL, "certificate.names")]
    assert "b.example.org" in findings[0].message


def test_the_identity_is_named_where_it_was_written():
    of = endpoint(identity="example.org", written=frozenset({"identity"}))
    assert only(judged(of, leaf())).key == "identity"


def test_a_near_miss_says_why():
    finding = only(judged(endpoint(), leaf(dns_names=("m*.example.org",), subject_names=())))
    assert "RFC 9525 section 6.3" in finding.observed


def test_only_a_few_of_many_names_are_shown():
    names = tuple(f"host{number}.example" for number in range(1000))
    finding = only(judged(endpoint(), leaf(dns_names=names, subject_names=())))
    assert "and 990 more" in finding.observed
    assert len(finding.observed) < 400


def test_unread_names_are_inconclusive():
    unread = leaf(dns_names=(), subject_names=(), problems=("extensions: broken",))
    finding = only(judged(endpoint(), unread))
    assert (finding.outcome, finding.missing.cause) == (Outcome.INCONCLUSIVE, Cause.MALFORMED)


def test_an_address_is_matched_with_addresses():
    of = endpoint(host="192.0.2.1", identity="192.0.2.1")
    assert only(judged(of, leaf(ip_addresses=("192.0.2.1",)))).outcome is Outcome.PASS
    finding = only(judged(of, leaf(dns_names=("192.0.2.1",))))
    assert finding.outcome is Outcome.FAIL
    assert "no server name (SNI) is sent" in finding.observed
    assert "SNI" not in only(judged(endpoint(), leaf(dns_names=("www.test",)))).observed


def test_a_service_of_a_domain_is_matched_with_srv_ids():
    of = with_certificate(names=("_imaps.example.org",))
    certificate = leaf(srv_names=("_imaps.Example.org",))
    assert only(judged(of, certificate)).outcome is Outcome.PASS
    finding = only(judged(of, leaf(srv_names=("_imap.example.org",))))
    assert (finding.outcome, finding.key) == (Outcome.FAIL, "certificate.names")
    assert "SRV:_imap.example.org" in finding.observed


def test_a_server_that_knows_no_such_name_fails():
    refused = session(HandshakeRefused(alert=112, name="unrecognized_name"))
    finding = only(RULE.check(view(endpoint(), refused)))
    assert (finding.outcome, finding.key) == (Outcome.FAIL, "host")
    assert "unrecognized_name" in finding.observed
    other = session(HandshakeRefused(alert=40, name="handshake_failure"))
    assert only(RULE.check(view(endpoint(), other))).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(("extensions", "told"), [((0, 23), False), ((23,), True)])
def test_a_server_that_does_not_heed_the_name_is_told(extensions, told):
    of = endpoint()
    answer = replace(chose(TlsVersion.TLS1_2).answer, extensions=extensions)
    found = view(of, session(tls(leaf(dns_names=("www.example.org",)))))
    answers = {**found.answers, control_question(of, BCP195): seen(HelloEvidence(answer=answer))}
    finding = only(RULE.check(replace(found, answers=answers)))
    assert ("did not acknowledge the server name" in finding.observed) is told


def test_no_handshake_is_inconclusive():
    assert only(RULE.check(view(endpoint(), missing()))).outcome is Outcome.INCONCLUSIVE
