"""What a server still offers, accepts and remembers inside TLS."""

from __future__ import annotations

import pytest

from factories import endpoint, missing, only, seen, upgraded, view
from mailtls.evidence import Reply
from mailtls.rules.starttls_renewed import RULE
from mailtls.rules.upgrades import upgrade_question
from mailtls.terms import Cause, Outcome, Phase
from mailtls.verdict import Verdict
from probe.upgrading import Faults, server, verdicts

PROTOCOLS = ("smtp", "imap", "pop3", "sieve")


def judged(protocol: str, faults: Faults, keys: str = "") -> list[Verdict]:
    with server(protocol, faults) as (port, _):
        return verdicts(port, protocol, "starttls-renewed", keys=keys)


@pytest.mark.parametrize(
    ("protocol", "difference"),
    [
        ("smtp", "inside TLS gone: STARTTLS; new: AUTH, mechanism PLAIN"),
        ("imap", "inside TLS gone: STARTTLS, LOGINDISABLED; new: mechanism PLAIN"),
        ("pop3", "inside TLS gone: STLS; new: USER, SASL, mechanism PLAIN"),
        ("sieve", "inside TLS gone: STARTTLS; new: mechanism PLAIN"),
    ],
)
def test_a_new_beginning_passes_and_shows_the_difference(protocol, difference):
    (seen,) = judged(protocol, Faults())

    assert (seen.outcome, seen.observed) == (Outcome.PASS, difference)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_second_upgrade_inside_tls_fails(protocol):
    (seen,) = judged(protocol, Faults(nests=True))

    verb = "STLS" if protocol == "pop3" else "STARTTLS"
    assert (seen.outcome, seen.message) == (
        Outcome.FAIL,
        f"a second {verb} is accepted inside TLS",
    )


def test_an_upgrade_still_offered_inside_tls_fails():
    (seen,) = judged("smtp", Faults(answers={"tls EHLO": "250-h\r\n250 STARTTLS\r\n"}))

    assert (seen.outcome, seen.message) == (
        Outcome.FAIL,
        "STARTTLS is still offered inside TLS",
    )
    assert seen.observed == "inside TLS the same capabilities as before"


def test_a_greeting_remembered_from_before_fails():
    answers = {"MAIL": "503 EHLO first\r\n", "tls MAIL": "250 ok\r\n"}
    (seen,) = judged("smtp", Faults(answers=answers, remembers=True))

    assert (seen.outcome, seen.message) == (
        Outcome.FAIL,
        "a greeting from before TLS is remembered inside it",
    )
    assert seen.observed == ("MAIL without EHLO: in clear 503 EHLO first; inside TLS 250 ok")


@pytest.mark.parametrize(
    "clear",
    [
        "250 ok\r\n",
        "530 5.7.0 Must issue a STARTTLS command first\r\n",
        "550 TLS first\r\n",
        "554 5.7.1 come back with TLS\r\n",
    ],
)
def test_a_server_that_never_asks_for_ehlo_remembers_nothing_that_shows(clear):
    (seen,) = judged("smtp", Faults(answers={"MAIL": clear, "tls MAIL": "250 ok\r\n"}))

    assert seen.outcome is Outcome.PASS


def test_a_server_that_does_not_answer_ehlo_again_fails():
    refusal = "503 5.5.1 duplicate greeting\r\n"
    seen = judged("smtp", Faults(answers={"tls EHLO": refusal, "tls HELO": refusal}))

    assert [(v.outcome, v.message) for v in seen] == [
        (Outcome.FAIL, "the server does not answer for its capabilities again")
    ]


def test_try_later_decides_nothing():
    (seen,) = judged("smtp", Faults(answers={"tls STARTTLS": "421 later\r\n"}))

    assert (seen.outcome, seen.phase, seen.cause) == (
        Outcome.INCONCLUSIVE,
        Phase.AFTER_TLS,
        Cause.THROTTLED,
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_that_asks_for_a_certificate_gets_none_and_is_judged_alike(protocol):
    rules = ("starttls-boundary", "starttls-enforced", "starttls-renewed", "auth-before-tls")
    with server(protocol, Faults(asks_for_certificate=True)) as (port, _):
        seen = verdicts(port, protocol, *rules, "tls-version", "certificate-name")

    assert {v.outcome for v in seen} == {Outcome.PASS}


@pytest.mark.parametrize("cause", [Cause.CLOSED, Cause.RESET, Cause.TIMED_OUT])
def test_who_hangs_up_before_the_second_upgrade_has_not_refused_it(cause):
    gone = missing(Phase.AFTER_TLS, cause)
    of = endpoint()

    def judge(**walk):
        answers = {**view(of).answers, upgrade_question(of): seen(upgraded(**walk))}
        return only(RULE.check(view(of, answers=answers)))

    cut = judge(protected=gone, again=gone)
    assert (cut.outcome, cut.missing) == (Outcome.INCONCLUSIVE, gone)
    refused = judge(protected=Reply(code="250", lines=("ok",)), again=gone)
    assert (refused.outcome is Outcome.PASS) == (cause is Cause.CLOSED)
