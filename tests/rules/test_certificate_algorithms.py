from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from factories import (
    ALERT,
    CA,
    CLOSED,
    NOW,
    chose,
    endpoint,
    key,
    leaf,
    missing,
    session,
    tls,
    view,
    with_certificate,
)
from mailtls.evidence import HelloEvidence
from mailtls.rules.certificate_algorithms import RULE
from mailtls.terms import Cause, Outcome, TlsVersion
from mailtls.tls import certificates

BOTH = with_certificate(algorithms=("rsa", "ecdsa"))
ECDSA = key("ecdsa", 256, "P-256")
SERVED = {b"rsa": leaf(), b"ecdsa": leaf(key=ECDSA)}


def answer(der):
    return HelloEvidence(answer=replace(chose(TlsVersion.TLS1_2).answer, certificates=(der,)))


@pytest.fixture
def judged(monkeypatch):
    def judged(rsa, ecdsa, facts=None, served=SERVED):
        monkeypatch.setattr(certificates, "parse", served.get)
        hellos = {"RSA certificates": rsa, "ECDSA certificates": ecdsa}
        full = session(facts or tls(leaf(key=ECDSA), CA))
        return list(RULE.check(view(BOTH, full, hellos, RULE)))

    return judged


def test_both_good_kinds_pass(judged):
    assert [f.outcome for f in judged(answer(b"rsa"), answer(b"ecdsa"))] == [Outcome.PASS] * 2


@pytest.mark.parametrize("refusal", [ALERT, CLOSED])
def test_a_kind_that_is_refused_beside_the_other_is_not_served(judged, refusal):
    rsa, ecdsa = judged(refusal, answer(b"ecdsa"))
    assert (rsa.outcome, rsa.message) == (
        Outcome.FAIL,
        "no certificate with an RSA key is served",
    )
    assert ecdsa.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"not_after": NOW - timedelta(days=1)}, "it expired on 2026-05-31"),
        ({"not_before": NOW + timedelta(days=1)}, "it is not valid yet"),
        ({"dns_names": ("other.example",)}, "it does not cover mail.example.org"),
        ({"key": ECDSA}, "its key is ecdsa"),
    ],
)
def test_the_one_that_few_clients_see_has_to_be_good_too(judged, changes, words):
    served = SERVED | {b"rsa": leaf(**changes)}
    rsa, ecdsa = judged(answer(b"rsa"), answer(b"ecdsa"), served=served)
    assert rsa.outcome is Outcome.FAIL
    assert words in rsa.message
    assert ecdsa.outcome is Outcome.PASS


def test_a_server_of_tls_1_3_alone_shows_the_sessions_kind(judged):
    rsa, ecdsa = judged(ALERT, ALERT)
    assert ecdsa.outcome is Outcome.PASS
    assert (rsa.outcome, rsa.missing.cause) == (Outcome.INCONCLUSIVE, Cause.PREREQUISITE)


def test_a_hello_without_an_answer_leaves_its_kind_open(judged):
    rsa, ecdsa = judged(missing(), answer(b"ecdsa"))
    assert [rsa.outcome, ecdsa.outcome] == [Outcome.INCONCLUSIVE, Outcome.PASS]


def test_only_where_the_policy_asks():
    assert list(RULE.check(view(endpoint()))) == []
    assert list(RULE.needs(endpoint(), None)) == []
    assert len(list(RULE.needs(BOTH, None))) == 3
    found = list(RULE.check(view(BOTH, missing())))
    assert [f.outcome for f in found] == [Outcome.INCONCLUSIVE] * 2
