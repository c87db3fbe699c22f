"""When one more hello is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factories import ALERT, CLOSED, chose, endpoint, implicit, missing, seen, session, tls
from mailtls.evidence import ClosedAnswer, HelloEvidence, NotObserved
from mailtls.probe.doubt import doubt
from mailtls.probe.questions import KindQuestion
from mailtls.rules.base import hello_question, session_question
from mailtls.rules.grades import control
from mailtls.rules.required_groups import required_hellos
from mailtls.terms import Cause, Phase, TlsVersion
from mailtls.tls import offers
from mailtls.tls.offers import authenticated_by
from tls_views import BCP195, alert, wanting

OF = endpoint()
SESSION = session_question(OF)
SSL2, OLD = (
    hello_question(OF, offer) for offer in (offers.ssl2(), offers.at_most(TlsVersion.TLS1_1))
)
LATE = NotObserved(
    missing=missing(Phase.HANDSHAKE, Cause.TIMED_OUT), transcript=(), seconds=1.0, attempts=1
)


@pytest.mark.parametrize("version", [TlsVersion.TLS1_2, TlsVersion.TLS1_3])
def test_a_hello_like_the_session_is_asked_for_where_all_were_closed(version):
    full = seen(session(tls(version=version)))
    asked = hello_question(OF, offers.exactly(version))
    assert doubt({SESSION: full, SSL2: seen(CLOSED), OLD: seen(CLOSED)}) == asked
    assert doubt({SESSION: full, SSL2: seen(CLOSED), OLD: LATE}) == asked


VAGUE = alert("handshake_failure")
RESET = HelloEvidence(answer=ClosedAnswer(reset=True))


def test_an_alert_to_a_hello_of_ssl_2_neither_vouches_nor_is_doubted():
    assert doubt({SESSION: seen(session()), SSL2: seen(ALERT), OLD: seen(CLOSED)}) is not None
    assert doubt({SESSION: seen(session()), SSL2: seen(VAGUE), OLD: seen(ALERT)}) is None


def test_the_order_of_answers_does_not_matter():
    newer = hello_question(OF, offers.exactly(TlsVersion.TLS1_2))
    answers = {OLD: seen(ALERT), SSL2: seen(ALERT), newer: seen(CLOSED), SESSION: seen(session())}
    # Behind STARTTLS too servers refuse in one way.
    assert doubt(answers) == newer
    assert doubt(dict(reversed(answers.items()))) == newer
    assert doubt(answers, [newer]) is None
    assert doubt(answers | {newer: seen(RESET)}) == newer
    assert doubt({SESSION: seen(session()), OLD: seen(ALERT), SSL2: seen(CLOSED)}) is None


def test_alerts_that_name_no_reason_are_doubted_where_nothing_was_chosen():
    full = seen(session(tls(version=TlsVersion.TLS1_3)))
    asked = hello_question(OF, offers.exactly(TlsVersion.TLS1_3))
    newer = hello_question(OF, offers.exactly(TlsVersion.TLS1_2))
    chosen = seen(chose(TlsVersion.TLS1_2))
    assert doubt({SESSION: full, OLD: seen(VAGUE)}) == asked
    assert doubt({SESSION: full, OLD: seen(VAGUE), newer: seen(ALERT)}) == asked
    assert doubt({SESSION: full, OLD: seen(ALERT), newer: seen(ALERT)}) is None
    assert doubt({SESSION: full, OLD: seen(VAGUE), newer: chosen}) is None


def test_with_implicit_tls_a_close_is_doubted_whatever_else_was_answered():
    of = implicit()
    full = seen(session(tls(version=TlsVersion.TLS1_3)))
    old, newer, asked = (
        hello_question(of, offer)
        for offer in (
            offers.at_most(TlsVersion.TLS1_1),
            offers.exactly(TlsVersion.TLS1_2),
            offers.exactly(TlsVersion.TLS1_3),
        )
    )
    chosen = seen(chose(TlsVersion.TLS1_2))
    answers = {session_question(of): full, newer: chosen}
    assert doubt({**answers, old: seen(CLOSED)}) == asked
    assert doubt({**answers, old: seen(ALERT)}) is None


def test_what_was_not_read_is_asked_again_and_then_one_that_has_to_be_answered():
    of = implicit()
    old, ssl2, newest = (
        hello_question(of, offer)
        for offer in (
            offers.at_most(TlsVersion.TLS1_1),
            offers.ssl2(),
            offers.exactly(TlsVersion.TLS1_3),
        )
    )
    full = {session_question(of): seen(session(tls(version=TlsVersion.TLS1_3)))}
    answers = full | {old: seen(RESET), ssl2: seen(RESET)}
    assert doubt(answers) == newest
    assert doubt(answers | {newest: seen(RESET)}, [newest]) is None
    answers |= {
        hello_question(of, offers.exactly(TlsVersion.TLS1_2)): seen(chose(TlsVersion.TLS1_2))
    }
    assert doubt(answers) == old
    assert doubt(answers | {old: seen(ALERT)}, [old]) == ssl2
    assert doubt(answers | {old: seen(ALERT), ssl2: seen(ALERT)}, [old, ssl2]) is None
    # A server that resets what it refuses does so again.
    assert doubt(answers, [old, ssl2]) == newest
    assert doubt(full | {old: LATE, ssl2: LATE}) is None


def test_what_was_not_read_behind_starttls_is_not_asked_again():
    chosen = seen(chose(TlsVersion.TLS1_2))
    newer = hello_question(OF, offers.exactly(TlsVersion.TLS1_2))
    answers = {SESSION: seen(session()), OLD: seen(RESET), newer: chosen}
    assert doubt(answers) is None


def test_a_close_beside_alerts_is_asked_again():
    of = implicit()
    hello = hello_question(of, authenticated_by("RSA"))
    kind = KindQuestion(kind="rsa", hello=hello, anchors=of.certificate.trust)
    old, ssl2 = (
        hello_question(of, offer) for offer in (offers.at_most(TlsVersion.TLS1_1), offers.ssl2())
    )
    full = {session_question(of): seen(session(tls(version=TlsVersion.TLS1_3)))}
    answers = full | {kind: seen(CLOSED), old: seen(ALERT), ssl2: seen(CLOSED)}
    assert doubt(answers) == kind
    # Of SSL 2.0 neither an alert nor a close says how a server refuses.
    answers = full | {kind: seen(CLOSED), old: LATE, ssl2: seen(ALERT)}
    newest = replace(hello, offer=offers.exactly(TlsVersion.TLS1_3))
    assert doubt(answers) == newest
    # What the policy requires is asked again first where anything was chosen.
    answers |= {hello: seen(chose(TlsVersion.TLS1_2))}
    assert doubt(answers) == kind
    assert doubt(answers, [kind]) == newest
    # One of old versions is not.
    del answers[kind]
    assert doubt(answers | {old: seen(CLOSED)}) == newest


@pytest.mark.parametrize("answer", [ALERT, chose(TlsVersion.TLS1_1)])
def test_one_answer_in_tls_leaves_no_doubt(answer):
    full = seen(session())
    assert doubt({SESSION: full, SSL2: seen(CLOSED), OLD: seen(answer)}) is None


def test_without_a_session_or_a_close_there_is_nothing_to_doubt():
    assert doubt({SESSION: seen(session()), OLD: LATE}) is None
    assert doubt({SESSION: LATE, OLD: seen(CLOSED)}) is None
    lost = session(missing(Phase.HANDSHAKE, Cause.RESET))
    assert doubt({SESSION: seen(lost), OLD: seen(CLOSED)}) is None


def test_a_control_refused_beside_tls_1_3_may_have_been_too_long():
    of = implicit()
    full = seen(session(tls(version=TlsVersion.TLS1_3)))
    facts = hello_question(of, control(of, BCP195))
    below, newest = (
        hello_question(of, offers.exactly(v)) for v in (TlsVersion.TLS1_2, TlsVersion.TLS1_3)
    )
    answers = {session_question(of): full, facts: seen(CLOSED)}
    assert doubt(answers) == below
    assert doubt({**answers, facts: seen(VAGUE)}) == below
    assert doubt({**answers, facts: seen(ALERT)}) is None
    assert doubt({**answers, below: seen(CLOSED)}, [below]) == newest
    assert doubt({**answers, below: seen(CLOSED), newest: seen(CLOSED)}, [below, newest]) is None
    chosen = {facts: seen(VAGUE), below: seen(chose(TlsVersion.TLS1_2))}
    assert doubt({**answers, **chosen}) is None
    chosen = {facts: seen(VAGUE), newest: seen(chose(TlsVersion.TLS1_3))}
    assert doubt({**answers, **chosen}) == below
    older = {session_question(of): seen(session(tls(version=TlsVersion.TLS1_2)))}
    assert doubt({**answers, **older}) == below
    assert doubt({**answers, **older, below: seen(chose(TlsVersion.TLS1_2))}, [below]) is None


@pytest.mark.parametrize("of", [OF, implicit()])
def test_what_fails_where_it_is_refused_is_asked_again_and_then_one_that_has_to_be_answered(of):
    hello = hello_question(of, authenticated_by("ECDSA"))
    kind = KindQuestion(kind="ecdsa", hello=hello, anchors=of.certificate.trust)
    (offer,) = required_hellos(wanting(require_groups=(0x1D,))).values()
    group = hello_question(of, offer)
    full = {session_question(of): seen(session(tls(version=TlsVersion.TLS1_2)))}
    newer, old = (
        hello_question(of, o)
        for o in (offers.exactly(TlsVersion.TLS1_2), offers.at_most(TlsVersion.TLS1_1))
    )
    full |= {hello_question(of, control(of, BCP195)): seen(chose(TlsVersion.TLS1_2))}
    for needed in (kind, group):
        answers = full | {needed: seen(CLOSED), old: seen(CLOSED)}
        assert doubt(answers) == needed
        assert doubt(answers, [needed]) == newer
        assert doubt(answers | {newer: seen(CLOSED)}, [needed, newer]) is None
        assert doubt(full | {needed: seen(chose(TlsVersion.TLS1_2))}) is None
