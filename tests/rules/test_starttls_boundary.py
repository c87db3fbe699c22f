"""What crosses the upgrade, told from what does not, for each protocol."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factories import CLOSED, endpoint, fallen_back, injected, missing, seen, session, view
from mailtls.evidence import (
    ClosedAnswer,
    Fallback,
    HandshakeRefused,
    Reply,
    Spoken,
    UpgradeReply,
    WrongMode,
)
from mailtls.rules import starttls_boundary
from mailtls.rules.base import hello_question, session_question
from mailtls.rules.upgrades import fallback_question, injection_question
from mailtls.terms import Cause, Level, Mode, Outcome, Phase, TlsVersion
from mailtls.tls.offers import at_most
from probe.upgrading import Faults, server, verdicts

PROTOCOLS = ("smtp", "imap", "pop3", "sieve")
RULE = "starttls-boundary"


def judged(protocol: str, faults: Faults, keys: str = "") -> dict[str, tuple[Outcome, Level]]:
    with server(protocol, faults) as (port, _):
        return {v.message: (v.outcome, v.level) for v in verdicts(port, protocol, RULE, keys=keys)}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_sound_server_passes_in_three_connections(protocol):
    with server(protocol, Faults()) as (port, served):
        seen = verdicts(port, protocol, RULE)

    assert [v.outcome for v in seen] == [Outcome.PASS] * 3
    assert len(served) == 3


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_command_carried_out_inside_tls_is_an_injection(protocol):
    seen = judged(protocol, Faults(keeps_input=True))

    assert seen["a command injected before TLS is carried out inside it"] == (
        Outcome.FAIL,
        Level.ERROR,
    )


@pytest.mark.parametrize(
    "refusal",
    [
        "500 5.5.1 Invalid command: Pipelining not supported\r\n",
        "554 SMTP synchronization error\r\n",
        "454 4.5.0 SMTP protocol violation, no commands allowed to pipeline after STARTTLS\r\n",
    ],
)
def test_a_refusal_of_the_pair_is_sound(refusal):
    seen = judged("smtp", Faults(refuses=refusal))

    assert seen["a command behind the request for TLS is refused"][0] is Outcome.PASS


@pytest.mark.parametrize("refusal", ["454 4.7.0 TLS not available\r\n", "421 later\r\n"])
def test_try_later_decides_nothing(refusal):
    with server("smtp", Faults(refuses=refusal)) as (port, _):
        (seen,) = [v for v in verdicts(port, "smtp", RULE) if v.outcome is not Outcome.PASS]

    assert (seen.outcome, seen.phase, seen.cause) == (
        Outcome.INCONCLUSIVE,
        Phase.UPGRADE,
        Cause.THROTTLED,
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_bytes_behind_the_go_ahead_fail(protocol):
    seen = judged(protocol, Faults(leftover="X injected\r\n"), keys="starttls: {boundary: passive}")

    verb = "STLS" if protocol == "pop3" else "STARTTLS"
    assert seen == {f"bytes in clear follow the go-ahead for {verb}": (Outcome.FAIL, Level.ERROR)}


def test_preauth_rules_an_upgrade_out():
    seen = judged("imap", Faults(greeting="* PREAUTH h\r\n"))

    assert seen == {
        "the server greets with PREAUTH, which rules STARTTLS out": (Outcome.FAIL, Level.ERROR)
    }


def test_passive_looks_and_does_not_test():
    with server("smtp", Faults(keeps_input=True)) as (port, served):
        seen = verdicts(port, "smtp", RULE, keys="starttls: {boundary: passive}")

    assert [v.outcome for v in seen] == [Outcome.PASS]
    assert len(served) == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_text_after_a_failed_handshake_is_a_warning(protocol):
    seen = judged(protocol, Faults(resumes=True))

    assert seen["the server goes on in clear after a failed handshake"] == (
        Outcome.FAIL,
        Level.WARNING,
    )


def test_a_server_without_starttls_has_no_boundary():
    with server("smtp", Faults(answers={"EHLO": "250 h\r\n"})) as (port, _):
        (seen,) = verdicts(port, "smtp", RULE)

    assert (seen.outcome, seen.cause) == (Outcome.INCONCLUSIVE, Cause.PREREQUISITE)
    assert "see the rule starttls-offered" in seen.message


LOST = session(missing(Phase.HANDSHAKE, Cause.RESET))
GARBLED = WrongMode(spoken=Spoken.UNKNOWN, first_bytes=b"x")
ALERTED = HandshakeRefused(alert=10, name="unexpected_message")


def crossing(full=None, *, answer=None, reply=None, fallback=None):
    """Return the outcomes and causes of the injection and of the fallback, each where it is given."""
    of = endpoint()
    injection = injected() if answer is None else replace(injected(), answer=answer)
    if reply is not None:
        injection = replace(injection, upgrade=reply)
    back = fallen_back() if fallback is None else replace(fallen_back(), answer=fallback)
    answers = {
        session_question(of): seen(full or session()),
        injection_question(of): seen(injection),
        fallback_question(of): seen(back),
    }
    _, first, second = starttls_boundary.RULE.check(replace(view(of), answers=answers))
    return [(each.outcome, each.missing and each.missing.cause) for each in (first, second)]


PASSED = (Outcome.PASS, None)


@pytest.mark.parametrize("answer", [ClosedAnswer(reset=False), ALERTED, GARBLED])
def test_a_handshake_that_ends_badly_counts_beside_one_that_went_well(answer):
    assert crossing(answer=answer)[0] == PASSED
    assert crossing(LOST, answer=answer)[0] == (Outcome.INCONCLUSIVE, Cause.RESET)


def test_silence_behind_a_smuggled_command_decides_nothing():
    silent = WrongMode(spoken=Spoken.SILENCE, first_bytes=b"")
    assert crossing(answer=silent)[0] == (Outcome.INCONCLUSIVE, Cause.TIMED_OUT)


@pytest.mark.parametrize(
    ("code", "temporary", "words", "expected"),
    [
        ("554", False, "no", PASSED),
        ("454", True, "SMTP protocol violation", PASSED),
        ("454", True, "not now", (Outcome.INCONCLUSIVE, Cause.THROTTLED)),
    ],
)
def test_a_refusal_of_the_pair_counts_unless_it_says_later(code, temporary, words, expected):
    reply = UpgradeReply(
        accepted=False, temporary=temporary, reply=Reply(code=code, lines=(words,)), leftover=b""
    )
    assert crossing(reply=reply)[0] == expected


@pytest.mark.parametrize(
    ("full", "alerted", "expected"),
    [
        (None, False, PASSED),
        (None, True, PASSED),
        (LOST, True, PASSED),
        (LOST, False, (Outcome.INCONCLUSIVE, Cause.RESET)),
    ],
)
def test_a_connection_that_ends_without_an_alert_counts_beside_a_session(full, alerted, expected):
    ended = Fallback(alerted=alerted, resumed=())
    assert crossing(full, fallback=ended)[1] == expected


def test_an_end_counts_not_where_every_hello_was_hung_up_on():
    of = endpoint()
    ended = replace(fallen_back(), answer=Fallback(alerted=False, resumed=()))
    answers = {
        session_question(of): seen(session()),
        injection_question(of): seen(injected()),
        fallback_question(of): seen(ended),
        hello_question(of, at_most(TlsVersion.TLS1_1)): seen(CLOSED),
    }
    *_, last = starttls_boundary.RULE.check(replace(view(of), answers=answers))
    assert (last.outcome, last.missing.cause) == (Outcome.INCONCLUSIVE, Cause.CLOSED)


def test_implicit_tls_and_a_passive_policy_are_asked_nothing_more():
    implicit = endpoint(port=465, mode=Mode.IMPLICIT)
    assert len(list(starttls_boundary.needs(implicit, view(implicit).profile))) == 1
    assert len(list(starttls_boundary.needs(endpoint(), view(implicit).profile))) == 3
