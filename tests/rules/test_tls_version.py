from __future__ import annotations

from dataclasses import replace

import pytest

from factories import (
    ALERT,
    BCP195,
    CLOSED,
    REFUSED,
    chose,
    endpoint,
    missing,
    only,
    seen,
    session,
    tls,
    view,
)
from mailtls.evidence import AlertAnswer, ClosedAnswer, HandshakeRefused, HelloEvidence
from mailtls.policy.model import Graded, TlsExpectation
from mailtls.rules.base import hello_question
from mailtls.rules.tls_version import RULE
from mailtls.terms import Cause, Level, Outcome, Phase, TlsVersion
from mailtls.tls import offers
from tls_views import alert

V = TlsVersion
OLD = "SSLv3 to TLSv1.1"
ALERTED = session(HandshakeRefused(alert=40, name="handshake_failure"))
UNKNOWN = session(missing(Phase.HANDSHAKE, Cause.TIMED_OUT))


def exact(*versions):
    return endpoint(tls=TlsExpectation(versions=versions))


def at_least(version):
    return endpoint(tls=TlsExpectation(min_version=version))


def run(of, full=None, hellos=None, **changes):
    looked_at = view(of, full, hellos, RULE, **changes)
    return sorted((f.outcome, f.message) for f in RULE.check(looked_at))


def asked(of, profile=BCP195):
    return [q.offer.label for q in RULE.needs(of, profile) if hasattr(q, "offer")]


@pytest.mark.parametrize(
    ("of", "labels"),
    [
        (endpoint(), [OLD, "SSLv2"]),
        (at_least(V.TLS1_3), ["SSLv3 to TLSv1.2", "SSLv2"]),
        (at_least(V.TLS1_0), ["SSLv3", "SSLv2"]),
        (exact(V.TLS1_2, V.TLS1_3), [OLD, "SSLv2", "TLSv1.2"]),
        (exact(V.TLS1_3), ["SSLv3 to TLSv1.2", "SSLv2"]),
        (exact(V.TLS1_2), [OLD, "SSLv2", "TLSv1.2"]),
    ],
)
def test_the_fewest_hellos_are_asked(of, labels):
    assert asked(of) == labels


def test_versions_of_two_grades_are_asked_apart():
    graded = (*BCP195.versions, Graded(code=V.TLS1_2, level=Level.WARNING))
    strict = replace(BCP195, versions=graded)
    assert asked(endpoint(), strict) == [OLD, "SSLv2", "TLSv1.2"]
    seen = view(endpoint(), None, {"TLSv1.2": chose(V.TLS1_2)}, RULE, profile=strict)
    answers = {**view(endpoint(), None, {"TLSv1.2": chose(V.TLS1_2)}, RULE).answers}
    for question in RULE.needs(endpoint(), strict):
        answers.setdefault(question, seen.answers[question])
    finding = only(RULE.check(replace(seen, answers=answers)))
    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.WARNING)


@pytest.mark.parametrize("refusal", [ALERT, alert("handshake_failure"), alert("internal_error")])
def test_a_refusal_beside_a_session_passes(refusal):
    findings = run(endpoint(), None, {OLD: refusal, "SSLv2": ALERT})
    assert findings == [(Outcome.PASS, "TLSv1.3 is negotiated")]


def test_an_alert_to_a_hello_of_ssl_2_does_not_vouch_for_one_that_was_closed():
    finding = only(RULE.check(view(endpoint(), None, {OLD: CLOSED, "SSLv2": ALERT}, RULE)))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.missing.cause is Cause.CLOSED


@pytest.mark.parametrize("name", ["decode_error", "illegal_parameter", "record_overflow"])
def test_a_complaint_of_the_hello_refuses_ssl_2_alone(name):
    run_with = {OLD: ALERT, "SSLv2": alert(name)}
    assert run(endpoint(), None, run_with) == [(Outcome.PASS, "TLSv1.3 is negotiated")]
    finding = only(RULE.check(view(endpoint(), None, {OLD: alert(name), "SSLv2": ALERT}, RULE)))
    assert (finding.outcome, finding.missing.cause) == (Outcome.INCONCLUSIVE, Cause.PREREQUISITE)
    assert name in finding.message


@pytest.mark.parametrize("reset", [True, False])
def test_where_every_hello_is_closed_none_is_refused(reset):
    """Unless one like the session's is answered: see `probe.doubt`."""
    closed = HelloEvidence(answer=ClosedAnswer(reset=reset))
    looked_at = view(endpoint(), None, {OLD: closed, "SSLv2": closed}, RULE)
    finding = only(RULE.check(looked_at))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.missing.cause is (Cause.RESET if reset else Cause.CLOSED)

    more = hello_question(endpoint(), offers.exactly(V.TLS1_3))
    answers = {**looked_at.answers, more: seen(chose(V.TLS1_3))}
    finding = only(RULE.check(replace(looked_at, answers=answers)))
    assert (finding.outcome, finding.message) == (Outcome.PASS, "TLSv1.3 is negotiated")


@pytest.mark.parametrize("version", [V.SSL3, V.TLS1_0, V.TLS1_1])
def test_an_accepted_old_version_is_named(version):
    assert run(endpoint(), None, {OLD: chose(version)}) == [
        (Outcome.FAIL, f"the server accepts {version.label}")
    ]


@pytest.mark.parametrize(
    "answer",
    [chose(V.SSL2), HelloEvidence(answer=AlertAnswer(alert=1, name="ssl2_no_cipher"))],
)
def test_ssl2_is_accepted_by_its_hello_and_by_its_own_error(answer):
    assert run(endpoint(), None, {"SSLv2": answer}) == [(Outcome.FAIL, "the server accepts SSLv2")]


def test_a_session_below_the_floor_fails_once():
    old = session(tls(version=V.TLS1_1))
    assert run(endpoint(), old, {OLD: chose(V.TLS1_1)}) == [
        (Outcome.FAIL, "the server accepts TLSv1.1")
    ]


def test_a_refused_session_fails_and_an_old_version_beside_it_is_named_too():
    refused = "no TLS session can be made: the server refuses a handshake that offers every version"
    assert run(endpoint(), ALERTED) == [(Outcome.FAIL, refused)]
    assert run(endpoint(), ALERTED, {OLD: chose(V.SSL3)}) == [
        (Outcome.FAIL, refused),
        (Outcome.FAIL, "the server accepts SSLv3"),
    ]


@pytest.mark.parametrize("refusal", [ALERT, CLOSED])
def test_a_refusal_without_the_control_is_inconclusive(refusal):
    (finding,) = RULE.check(view(endpoint(), UNKNOWN, {OLD: refusal, "SSLv2": refusal}, RULE))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.missing.cause is Cause.TIMED_OUT


def test_an_accepted_version_counts_without_the_control_and_the_gap_is_told():
    outcomes = [outcome for outcome, _ in run(endpoint(), UNKNOWN, {OLD: chose(V.TLS1_0)})]
    assert outcomes == [Outcome.FAIL, Outcome.INCONCLUSIVE]


def test_a_hello_without_an_answer_is_inconclusive():
    gap = missing(Phase.HANDSHAKE, Cause.TIMED_OUT)
    (finding,) = RULE.check(view(endpoint(), None, {OLD: gap}, RULE))
    assert finding.missing == gap
    assert finding.question.offer.label == OLD


def test_a_version_above_the_offer_is_malformed():
    (finding,) = RULE.check(view(endpoint(), None, {OLD: chose(V.TLS1_2)}, RULE))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.missing.cause is Cause.MALFORMED


def test_a_refused_connection_is_one_prerequisite():
    (finding,) = RULE.check(view(endpoint(), REFUSED, {OLD: REFUSED, "SSLv2": REFUSED}, RULE))
    assert (finding.missing.phase, finding.missing.cause) == (Phase.CONNECT, Cause.PREREQUISITE)
    assert "reachable" in finding.missing.detail


@pytest.mark.parametrize(
    ("of", "version", "hellos", "messages"),
    [
        (at_least(V.TLS1_3), V.TLS1_2, {}, ["the server accepts TLSv1.2"]),
        (at_least(V.TLS1_0), V.TLS1_1, {}, []),
        (exact(V.TLS1_2, V.TLS1_3), V.TLS1_3, {"TLSv1.2": chose(V.TLS1_2)}, []),
        (
            exact(V.TLS1_2, V.TLS1_3),
            V.TLS1_3,
            {},
            ["the server does not accept TLSv1.2"],
        ),
        (
            exact(V.TLS1_2, V.TLS1_3),
            V.TLS1_2,
            {"TLSv1.2": chose(V.TLS1_2)},
            ["the server does not accept TLSv1.3"],
        ),
        (
            exact(V.TLS1_2),
            V.TLS1_3,
            {"TLSv1.2": chose(V.TLS1_2)},
            ["the server accepts TLSv1.3"],
        ),
        (
            exact(V.TLS1_1, V.TLS1_2),
            V.TLS1_2,
            {"TLSv1.1": chose(V.TLS1_0), "TLSv1.2": chose(V.TLS1_2)},
            ["the server accepts TLSv1.0", "the server does not accept TLSv1.1"],
        ),
        (
            exact(V.SSL2, V.TLS1_3),
            V.TLS1_3,
            {},
            ["the server does not accept SSLv2"],
        ),
    ],
)
def test_what_the_policy_says_of_versions_is_held(of, version, hellos, messages):
    findings = run(of, session(tls(version=version)), hellos)
    assert [message for outcome, message in findings if outcome is Outcome.FAIL] == messages


def test_a_session_below_the_required_version_fails_where_its_own_is_not_graded():
    modern = replace(BCP195, versions=(), required_version=V.TLS1_3)
    seen = view(endpoint(), session(tls(version=V.TLS1_2)), None, RULE, profile=modern)
    finding = only(RULE.check(seen))
    assert finding.message == "the server does not accept TLSv1.3"


def test_a_version_nobody_assigned_is_shown_by_its_number():
    seen = view(endpoint(), session(tls(version=0x7F1C)), None, RULE)
    assert only(RULE.check(seen)).message == "0x7f1c is negotiated"


def test_the_profile_never_weighs_more_than_the_endpoint():
    noted = endpoint(level=Level.NOTE)
    finding = only(RULE.check(view(noted, None, {OLD: chose(V.TLS1_0)}, RULE)))
    assert finding.level is Level.NOTE
