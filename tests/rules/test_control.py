"""When a refusal counts, and what the control says of the server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factories import CLOSED, REFUSED, missing, session, tls
from factories import seen as observed
from mailtls.evidence import ClosedAnswer, HelloEvidence, Missing, ServerAnswer
from mailtls.probe.questions import KindQuestion
from mailtls.rules import tls_cipher
from mailtls.rules.base import hello_question
from mailtls.rules.control import Modern, below_tls13, doubtful, refused
from mailtls.terms import Cause, Phase, TlsVersion
from mailtls.tls.offers import authenticated_by, exactly, ssl2
from tls_views import BAD, FACTS, OLD, alert, answered, looking

RULE = tls_cipher.RULE
RESET = HelloEvidence(answer=ClosedAnswer(reset=True))
SILENT = missing(Phase.HANDSHAKE, Cause.TIMED_OUT)


def seen(facts, full=None, **others):
    return below_tls13(looking(RULE, full=full, hellos={FACTS: facts, **others}))


def test_an_answer_is_the_control():
    assert isinstance(seen(answered()), ServerAnswer)


@pytest.mark.parametrize("refusal", [alert("protocol_version"), alert("handshake_failure"), CLOSED])
def test_a_refusal_beside_tls_1_3_is_a_modern_server(refusal):
    assert seen(refusal) == Modern()


@pytest.mark.parametrize(
    ("refusal", "cause"),
    [
        (alert("decode_error"), Cause.PREREQUISITE),
        (alert("illegal_parameter"), Cause.PREREQUISITE),
        (RESET, Cause.RESET),
    ],
)
def test_a_complaint_of_the_hello_and_a_reset_tell_nothing(refusal, cause):
    found = seen(refusal)

    assert isinstance(found, Missing)
    assert found.cause is cause
    assert "a hello of 393 suites" in found.detail


@pytest.mark.parametrize("refusal", [alert("protocol_version"), CLOSED])
def test_a_shorter_hello_that_is_answered_makes_length_the_suspect(refusal):
    found = seen(refusal, **{OLD: answered("TLS_RSA_WITH_AES_128_CBC_SHA")})

    assert isinstance(found, Missing)
    assert "whether for its length cannot be told" in found.detail


@pytest.mark.parametrize("refusal", [alert("handshake_failure"), CLOSED])
def test_a_session_of_tls_1_2_beside_a_refused_control_tells_nothing(refusal):
    assert isinstance(seen(refusal, session(tls(version=TlsVersion.TLS1_2))), Missing)


def test_the_sessions_own_cause_is_told_where_both_fail():
    assert seen(CLOSED, session(SILENT)) == SILENT
    assert seen(SILENT) == SILENT


def test_a_refused_connection_leads_to_reachable():
    found = seen(REFUSED)

    assert isinstance(found, Missing)
    assert found.cause is Cause.PREREQUISITE
    assert "see the rule reachable" in found.detail


@pytest.mark.parametrize("name", [BAD, OLD])
def test_a_hello_refused_for_its_shape_is_no_refusal_of_its_suites(name):
    view = looking(RULE, hellos={name: alert("decode_error")})
    (finding,) = RULE.check(view)

    assert finding.missing is not None
    assert finding.missing.detail.endswith("with the alert decode_error")


def beside(answer, like_the_session):
    """Return what is doubtful of an answer beside that to a hello like the session's."""
    view = looking(RULE, hellos={OLD: answer})
    more = hello_question(view.endpoint, exactly(TlsVersion.TLS1_3))
    view = replace(view, answers={**view.answers, more: observed(like_the_session)})
    return doubtful(view, answer.answer)


VAGUE = alert("handshake_failure")


@pytest.mark.parametrize("answer", [VAGUE, CLOSED, RESET])
def test_a_refusal_counts_beside_an_answered_hello_like_the_sessions(answer):
    assert beside(answer, answered()) is None


@pytest.mark.parametrize("answer", [VAGUE, CLOSED, RESET])
@pytest.mark.parametrize(
    ("like_the_session", "cause"),
    [
        (VAGUE, Cause.PREREQUISITE),
        (CLOSED, Cause.CLOSED),
        (RESET, Cause.RESET),
        (SILENT, Cause.TIMED_OUT),
    ],
)
def test_no_refusal_counts_where_a_hello_like_the_sessions_is_refused(
    answer, like_the_session, cause
):
    found = beside(answer, like_the_session)

    assert found is not None
    assert found.cause is cause


def test_an_alert_about_the_version_needs_no_voucher():
    assert beside(alert("protocol_version"), VAGUE) is None


def test_a_hello_of_another_version_than_the_sessions_vouches_for_nothing():
    view = looking(RULE, hellos={OLD: CLOSED})
    more = hello_question(view.endpoint, exactly(TlsVersion.TLS1_2))
    view = replace(view, answers={**view.answers, more: observed(VAGUE)})
    assert doubtful(view, CLOSED.answer) is None


@pytest.mark.parametrize("name", ["decode_error", "illegal_parameter", "missing_extension"])
def test_a_complaint_of_a_hello_of_tls_1_3_refuses_nothing(name):
    view = looking(RULE)
    offer = exactly(TlsVersion.TLS1_3)
    found = refused(view, offer, alert(name).answer)

    assert found is not None
    assert found.cause is Cause.PREREQUISITE
    assert refused(view, offer, VAGUE.answer) is None


def test_a_refusal_in_tls_1_3_has_the_session_as_its_control_and_one_below_the_control():
    view = looking(RULE, hellos={FACTS: SILENT})
    assert refused(view, exactly(TlsVersion.TLS1_3), VAGUE.answer) is None
    assert refused(view, exactly(TlsVersion.TLS1_2), VAGUE.answer) == SILENT
    lost = looking(RULE, full=session(SILENT))
    assert refused(lost, exactly(TlsVersion.TLS1_3), VAGUE.answer) == SILENT


def test_where_every_hello_was_closed_it_is_closes_that_are_doubted():
    closed = looking(RULE, hellos=dict.fromkeys((FACTS, BAD, OLD), CLOSED))
    assert doubtful(closed, CLOSED.answer) is not None
    assert doubtful(closed, VAGUE.answer) is None
    none = replace(closed, answers={})
    assert doubtful(none, CLOSED.answer) is None


def test_a_hello_of_tls_1_3_that_is_answered_leaves_the_server_modern():
    view = looking(RULE, hellos={FACTS: VAGUE})
    chosen = answered("TLS_AES_128_GCM_SHA256", version=TlsVersion.TLS1_3)
    more = hello_question(view.endpoint, exactly(TlsVersion.TLS1_3))
    assert below_tls13(replace(view, answers={**view.answers, more: observed(chosen)})) == Modern()
    older = hello_question(view.endpoint, exactly(TlsVersion.TLS1_2))
    below = replace(view, answers={**view.answers, older: observed(answered())})
    assert isinstance(below_tls13(below), Missing)


def test_a_hello_of_ssl_2_alone_that_was_closed_is_doubted_and_one_for_a_key_too():
    view = looking(RULE)
    oldest = hello_question(view.endpoint, ssl2())
    kind = KindQuestion(
        kind="rsa",
        hello=hello_question(view.endpoint, authenticated_by("RSA")),
        anchors=view.endpoint.certificate.trust,
    )
    session_alone = {q: a for q, a in view.answers.items() if not hasattr(q, "offer")}
    for closed in (oldest, kind):
        seen_here = replace(view, answers={**session_alone, closed: observed(CLOSED)})
        assert doubtful(seen_here, CLOSED.answer) is not None
        heard = {**seen_here.answers, oldest: observed(VAGUE)}
        spoken = closed is oldest
        assert (doubtful(replace(view, answers=heard), CLOSED.answer) is None) is spoken
