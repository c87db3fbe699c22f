from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from factories import (
    ALERT,
    BCP195,
    CA,
    CLOSED,
    NOW,
    chose,
    endpoint,
    key,
    leaf,
    missing,
    path,
    seen,
    session,
    tls,
    view,
    with_certificate,
)
from mailtls.evidence import HelloEvidence, PathProblem
from mailtls.probe.questions import KindQuestion
from mailtls.rules.certificate_algorithms import RULE
from mailtls.rules.control import control_question
from mailtls.terms import Cause, Outcome, TlsVersion
from mailtls.tls import certificates

BOTH = with_certificate(algorithms=("rsa", "ecdsa"))
ECDSA = key("ecdsa", 256, "P-256")
BELOW = chose(TlsVersion.TLS1_2)
SERVED = {b"rsa": leaf(), b"ecdsa": leaf(key=ECDSA)}


def answer(der, **problems):
    shown = replace(chose(TlsVersion.TLS1_2).answer, certificates=(der,))
    return HelloEvidence(answer=shown, path=path(leaf(), CA, **problems))


def problem(code, depth):
    return PathProblem(code=code, text="openssl says", depth=depth, subject="CN=Example CA")


@pytest.fixture
def judged(monkeypatch):
    def judged(rsa, ecdsa, facts=None, served=SERVED, below=BELOW):
        monkeypatch.setattr(certificates, "parse", served.get)
        full = session(facts or tls(leaf(key=ECDSA), CA))
        found = view(BOTH, full)
        hellos = {"rsa": rsa, "ecdsa": ecdsa}
        asked = (each for each in RULE.needs(BOTH, BCP195) if isinstance(each, KindQuestion))
        answers = {each: seen(hellos[each.kind]) for each in asked}
        answers[control_question(BOTH, BCP195)] = seen(below)
        return list(RULE.check(replace(found, answers={**found.answers, **answers})))

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


@pytest.mark.parametrize(
    ("problems", "words"),
    [
        ({"problem": problem(20, 0)}, "neither sent nor a trust anchor"),
        ({"problem": problem(19, 1)}, "not a trust anchor: CN=Example CA"),
        ({"time_problem": problem(10, 1)}, "outside its validity: CN=Example CA"),
        ({"time_problem": problem(10, 0)}, ""),
    ],
)
def test_its_chain_has_to_lead_to_an_anchor(judged, problems, words):
    rsa, _ = judged(answer(b"rsa", **problems), answer(b"ecdsa"))
    assert rsa.outcome is (Outcome.FAIL if words else Outcome.PASS)
    assert words in rsa.message


def test_the_sessions_own_kind_needs_no_hello(judged):
    rsa, ecdsa = judged(answer(b"rsa"), missing())
    assert [rsa.outcome, ecdsa.outcome] == [Outcome.PASS] * 2


@pytest.mark.parametrize("below", [ALERT, missing()])
def test_a_server_of_tls_1_3_alone_shows_the_sessions_kind(judged, below):
    rsa, ecdsa = judged(ALERT, ALERT, below=below)
    assert ecdsa.outcome is Outcome.PASS
    cause = Cause.PREREQUISITE if below is ALERT else Cause.TIMED_OUT
    assert (rsa.outcome, rsa.missing.cause) == (Outcome.INCONCLUSIVE, cause)


def test_a_session_of_tls_1_2_is_proof_enough(judged):
    facts = tls(leaf(key=ECDSA), CA, version=TlsVersion.TLS1_2)
    rsa, _ = judged(ALERT, ALERT, facts=facts, below=missing())
    assert rsa.outcome is Outcome.FAIL


def test_a_hello_without_an_answer_leaves_its_kind_open(judged):
    rsa, ecdsa = judged(missing(), answer(b"ecdsa"))
    assert [rsa.outcome, ecdsa.outcome] == [Outcome.INCONCLUSIVE, Outcome.PASS]


def test_only_where_the_policy_asks():
    assert list(RULE.check(view(endpoint()))) == []
    assert list(RULE.needs(endpoint(), BCP195)) == []
    assert len(list(RULE.needs(BOTH, BCP195))) == 4
    found = list(RULE.check(view(BOTH, missing())))
    assert [f.outcome for f in found] == [Outcome.INCONCLUSIVE] * 2
