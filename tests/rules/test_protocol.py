from __future__ import annotations

import pytest

from factories import REFUSED, endpoint, implicit, implicit_session, missing, only, session, view
from mailtls.evidence import HandshakeRefused, Skipped, Spoken, WrongMode
from mailtls.rules import mode
from mailtls.rules.protocol import RULE
from mailtls.terms import Cause, Outcome, Phase


def spoken(what):
    return WrongMode(spoken=what, first_bytes=b"* OK ready\r\n")


@pytest.mark.parametrize(
    ("of", "full"), [(endpoint(), session()), (implicit(), implicit_session())]
)
def test_a_greeting_of_the_declared_protocol_passes(of, full):
    assert only(RULE.check(view(of, full))).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("of", "full", "word"),
    [
        (endpoint(port=143), session(greeting=spoken(Spoken.IMAP)), "`protocol: imap`"),
        (implicit(port=993), implicit_session(greeting_after=spoken(Spoken.IMAP)), "`port: 465`"),
        (implicit(port=443), implicit_session(greeting_after=spoken(Spoken.HTTP)), "`port: 465`"),
    ],
)
def test_another_protocol_in_the_declared_mode_fails(of, full, word):
    finding = only(RULE.check(view(of, full)))
    assert finding.outcome is Outcome.FAIL
    assert word in finding.remedy
    assert finding.key == "port"


def test_inside_tls_the_mode_is_right_and_only_the_protocol_fails():
    seen = view(implicit(), implicit_session(greeting_after=spoken(Spoken.IMAP)))
    assert only(mode.RULE.check(seen)).outcome is Outcome.PASS
    assert only(RULE.check(seen)).outcome is Outcome.FAIL


def test_the_written_key_is_named():
    of = endpoint(written=frozenset({"protocol"}))
    finding = only(RULE.check(view(of, session(greeting=spoken(Spoken.POP3)))))
    assert finding.key == "protocol"


@pytest.mark.parametrize(
    ("of", "full", "phase", "cause"),
    [
        (endpoint(), session(greeting=spoken(Spoken.HTTP)), Phase.GREETING, Cause.PREREQUISITE),
        (
            endpoint(),
            session(greeting=spoken(Spoken.IMPLICIT_TLS)),
            Phase.GREETING,
            Cause.PREREQUISITE,
        ),
        (
            implicit(),
            implicit_session(spoken(Spoken.SMTP), greeting_after=Skipped(reason="no TLS")),
            Phase.HANDSHAKE,
            Cause.PREREQUISITE,
        ),
        (
            implicit(),
            implicit_session(
                HandshakeRefused(alert=40, name="x"), greeting_after=missing(Phase.AFTER_TLS)
            ),
            Phase.HANDSHAKE,
            Cause.PREREQUISITE,
        ),
        (
            implicit(),
            implicit_session(greeting_after=missing(Phase.AFTER_TLS)),
            Phase.AFTER_TLS,
            Cause.TIMED_OUT,
        ),
        (
            implicit(),
            implicit_session(greeting_after=spoken(Spoken.SILENCE)),
            Phase.AFTER_TLS,
            Cause.TIMED_OUT,
        ),
        (
            implicit(),
            implicit_session(greeting_after=Skipped(reason="cut")),
            Phase.GREETING,
            Cause.MALFORMED,
        ),
        (endpoint(), session(greeting=missing(Phase.GREETING)), Phase.GREETING, Cause.TIMED_OUT),
        (endpoint(), REFUSED, Phase.CONNECT, Cause.PREREQUISITE),
    ],
)
def test_without_a_greeting_it_stays_open(of, full, phase, cause):
    finding = only(RULE.check(view(of, full)))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert (finding.missing.phase, finding.missing.cause) == (phase, cause)
