from __future__ import annotations

import pytest

from factories import REFUSED, endpoint, implicit, implicit_session, missing, only, session, view
from mailtls.evidence import HandshakeRefused, Skipped, Spoken, WrongMode
from mailtls.rules.mode import RULE, port_of
from mailtls.terms import Cause, Mode, Outcome, Phase, Protocol, Role

REFUSED_BY_ALERT = HandshakeRefused(alert=40, name="handshake_failure")


def spoken(what, data=b"* OK Dovecot ready.\r\n"):
    return WrongMode(spoken=what, first_bytes=data)


WRONG = [
    (endpoint(), Spoken.IMPLICIT_TLS, "mode", "`mode: implicit`"),
    (implicit(), Spoken.SMTP, "mode", "`mode: starttls`"),
    (implicit(port=2465), Spoken.SMTP, "mode", "`port: 465`"),
    (endpoint(), Spoken.IMAP, "port", "`protocol: imap`"),
    (endpoint(port=80), Spoken.HTTP, "port", "`port: 587`"),
    (endpoint(port=22), Spoken.SSH, "port", "`port: 587`"),
    (implicit(), Spoken.HTTP, "port", "the right `host` and `port`"),
    (endpoint(), Spoken.UNKNOWN, "port", "the right `host` and `port`"),
]


def met(of, step):
    if of.mode is Mode.STARTTLS:
        return session(greeting=step)
    return implicit_session(step, greeting_after=Skipped(reason="no TLS"))


@pytest.mark.parametrize(("of", "what", "key", "edit"), WRONG)
def test_the_failure_says_what_is_spoken_and_the_edit(of, what, key, edit):
    finding = only(RULE.check(view(of, met(of, spoken(what)))))
    assert finding.outcome is Outcome.FAIL
    assert what.value in finding.message
    shown = "begins 2a 20 4f 4b 20" if what is Spoken.IMPLICIT_TLS else "Dovecot ready"
    assert shown in finding.observed
    assert finding.key == key
    assert edit in finding.remedy
    assert "RFC 8314 section 3" in finding.remedy


@pytest.mark.parametrize(
    ("of", "full"),
    [
        (endpoint(), session()),
        (endpoint(), session(missing(Phase.HANDSHAKE))),
        (implicit(), implicit_session()),
        (implicit(), implicit_session(REFUSED_BY_ALERT)),
        (implicit(), implicit_session(greeting_after=spoken(Spoken.IMAP))),
    ],
)
def test_the_first_bytes_decide_whatever_follows(of, full):
    assert only(RULE.check(view(of, full))).outcome is Outcome.PASS


@pytest.mark.parametrize("of", [endpoint(), implicit()])
def test_silence_is_a_time_out_and_not_a_mode(of):
    finding = only(RULE.check(view(of, met(of, spoken(Spoken.SILENCE, b"")))))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.missing.cause is Cause.TIMED_OUT


@pytest.mark.parametrize(
    ("full", "cause"),
    [
        (missing(Phase.GREETING, Cause.RESET), Cause.RESET),
        (session(greeting=missing(Phase.GREETING, Cause.CLOSED)), Cause.CLOSED),
        (session(greeting=Skipped(reason="cut")), Cause.MALFORMED),
        (REFUSED, Cause.PREREQUISITE),
    ],
)
def test_no_greeting_is_inconclusive(full, cause):
    finding = only(RULE.check(view(endpoint(), full)))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.missing.cause is cause


@pytest.mark.parametrize(
    ("protocol", "mode", "role", "port"),
    [
        (Protocol.SMTP, Mode.STARTTLS, Role.RELAY, 25),
        (Protocol.SMTP, Mode.STARTTLS, Role.SUBMISSION, 587),
        (Protocol.SMTP, Mode.IMPLICIT, Role.SUBMISSION, 465),
        (Protocol.IMAP, Mode.IMPLICIT, None, 993),
        (Protocol.SIEVE, Mode.IMPLICIT, None, None),
    ],
)
def test_assigned_ports(protocol, mode, role, port):
    assert port_of(protocol, mode, role) == port
