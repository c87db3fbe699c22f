"""When one more hello is asked for."""

from __future__ import annotations

import pytest

from factories import ALERT, CLOSED, chose, endpoint, missing, seen, session, tls
from mailtls.evidence import NotObserved
from mailtls.probe.doubt import doubt
from mailtls.rules.base import hello_question, session_question
from mailtls.terms import Cause, Phase, TlsVersion
from mailtls.tls import offers

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


@pytest.mark.parametrize("answer", [ALERT, chose(TlsVersion.TLS1_1)])
def test_one_answer_in_tls_leaves_no_doubt(answer):
    full = seen(session())
    assert doubt({SESSION: full, SSL2: seen(CLOSED), OLD: seen(answer)}) is None


def test_without_a_session_or_a_close_there_is_nothing_to_doubt():
    assert doubt({SESSION: seen(session()), OLD: LATE}) is None
    assert doubt({SESSION: LATE, OLD: seen(CLOSED)}) is None
    lost = session(missing(Phase.HANDSHAKE, Cause.RESET))
    assert doubt({SESSION: seen(lost), OLD: seen(CLOSED)}) is None
