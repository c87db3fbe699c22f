"""Enforcement: told by what is offered in clear, then by the same command before and behind TLS."""

from __future__ import annotations

import pytest

from factories import endpoint, only, seen, upgraded, view
from mailtls.evidence import Reply
from mailtls.rules.starttls_enforced import RULE as RULE_ITSELF
from mailtls.rules.upgrades import upgrade_question
from mailtls.terms import Cause, Outcome, Phase, Role
from mailtls.verdict import Verdict
from probe.upgrading import Faults, server, verdicts

RULE = "starttls-enforced"
MAIL_530 = {"MAIL": "530 5.7.0 Authentication required\r\n"}


def judged(protocol: str, faults: Faults, keys: str = "") -> Verdict:
    with server(protocol, faults) as (port, _):
        (seen,) = verdicts(port, protocol, RULE, keys=keys)
    return seen


@pytest.mark.parametrize("protocol", ["smtp", "imap", "pop3", "sieve"])
def test_a_server_that_serves_nothing_in_clear_passes(protocol):
    seen = judged(protocol, Faults())

    assert seen.outcome is Outcome.PASS, seen


def test_submission_that_takes_mail_in_clear_fails():
    seen = judged("smtp", Faults(answers={"MAIL": "250 ok\r\n"}))

    assert (seen.outcome, seen.message) == (
        Outcome.FAIL,
        "the server accepts MAIL FROM:<> without TLS",
    )
    assert "`starttls: {enforced: false}`" in seen.remedy
    assert [line.text for line in seen.transcript if line.side == "C"][:3] == [
        "MAIL FROM:<>",
        "RSET",
        "EHLO probe.example.test",
    ]


@pytest.mark.parametrize("code", ["530", "430"])
def test_530_before_and_after_tls_is_about_the_login(code):
    seen = judged("smtp", Faults(answers={"MAIL": f"{code} Authentication required\r\n"}))

    assert (seen.outcome, seen.message) == (
        Outcome.PASS,
        "the server demands a login, and offers one only after TLS",
    )


def test_another_refusal_before_and_after_tls_decides_nothing():
    """That it offers a login inside TLS tells nothing of why it refuses."""
    seen = judged("smtp", Faults(answers={"MAIL": "550 not from you\r\n"}))

    assert (seen.outcome, seen.phase, seen.cause) == (
        Outcome.INCONCLUSIVE,
        Phase.AFTER_TLS,
        Cause.REFUSED,
    )


def test_530_everywhere_without_a_login_to_make_decides_nothing():
    faults = Faults(answers=MAIL_530 | {"tls EHLO": "250 h\r\n"})
    seen = judged("smtp", faults)

    assert (seen.outcome, seen.phase, seen.cause) == (
        Outcome.INCONCLUSIVE,
        Phase.AFTER_TLS,
        Cause.REFUSED,
    )


@pytest.mark.parametrize(
    ("answers", "phase"),
    [
        ({"MAIL": "451 later\r\n"}, Phase.CAPABILITY),
        ({"tls MAIL": "421 later\r\n"}, Phase.AFTER_TLS),
    ],
)
def test_try_later_decides_nothing(answers, phase):
    seen = judged("smtp", Faults(answers=answers))

    assert (seen.outcome, seen.phase, seen.cause) == (
        Outcome.INCONCLUSIVE,
        phase,
        Cause.THROTTLED,
    )


@pytest.mark.parametrize(
    ("protocol", "answers", "offered"),
    [
        ("smtp", {"EHLO": "250-h\r\n250-STARTTLS\r\n250 AUTH=LOGIN\r\n"}, "LOGIN"),
        ("pop3", {"CAPA": "+OK\r\nSTLS\r\nUSER\r\n.\r\n"}, "the USER command"),
        ("pop3", {"CAPA": "+OK\r\nSTLS\r\nSASL CRAM-MD5\r\n.\r\n"}, "CRAM-MD5"),
    ],
)
def test_a_login_offered_in_clear_fails(protocol, answers, offered):
    seen = judged(protocol, Faults(answers=answers))

    assert seen.outcome is Outcome.FAIL
    assert seen.message.startswith(
        "a login is possible without TLS (127.0.0.1 is a private address"
    )
    assert seen.observed == f"offered before TLS: {offered}"


def test_what_needs_another_layer_is_no_login():
    answers = {
        "EHLO": "250-h\r\n250-STARTTLS\r\n250 AUTH EXTERNAL\r\n",
        "tls MAIL": "250 ok\r\n",
    }

    assert judged("smtp", Faults(answers=answers)).outcome is Outcome.PASS


def test_a_client_logged_in_by_the_greeting_is_served_in_clear():
    seen = judged("imap", Faults(greeting="* PREAUTH h\r\n"))

    assert (seen.outcome, seen.message) == (
        Outcome.FAIL,
        "the server logs the client in before TLS",
    )


@pytest.mark.parametrize(
    ("mail", "outcome"), [("250 ok\r\n", Outcome.PASS), ("530 5.7.0 no\r\n", Outcome.FAIL)]
)
def test_a_public_relay_must_not_demand_it(mail, outcome):
    faults = Faults(answers={"MAIL": mail, "tls MAIL": "250 ok\r\n"})
    seen = judged("smtp", faults, "role: relay")

    assert seen.outcome is outcome
    assert ("RFC 3207 section 4" in seen.message) == (outcome is Outcome.FAIL)


def test_a_relay_that_refuses_everybody_does_not_demand_tls():
    seen = judged("smtp", Faults(answers={"MAIL": "550 not you\r\n"}), "role: relay")

    assert (seen.outcome, seen.message) == (Outcome.PASS, "TLS makes no difference to the answer")


def test_a_private_relay_may_demand_it():
    seen = judged("smtp", Faults(), "role: relay, starttls: {enforced: true}")

    assert (seen.outcome, seen.message) == (Outcome.PASS, "the server demands TLS")


@pytest.mark.parametrize(
    ("protocol", "keys"),
    [("smtp", "starttls: {enforced: false}"), ("smtp", "role: relay, starttls: {enforced: false}")],
)
def test_nothing_is_tried_in_clear_where_the_policy_does_not_ask(protocol, keys):
    with server(protocol, Faults()) as (port, _):
        seen = verdicts(port, protocol, RULE, "starttls-renewed", keys=keys)
        (proof,) = verdicts(port, protocol, RULE, keys=keys)

    assert {v.rule: v.outcome for v in seen} == {
        RULE: Outcome.NOT_APPLICABLE,
        "starttls-renewed": Outcome.PASS,
    }
    assert proof.outcome is Outcome.NOT_APPLICABLE


def test_without_starttls_the_answer_in_clear_still_counts():
    answers = {"EHLO": "250 h\r\n", "MAIL": "250 ok\r\n"}
    assert judged("smtp", Faults(answers=answers)).outcome is Outcome.FAIL

    seen = judged("smtp", Faults(answers={"EHLO": "250 h\r\n"}))
    assert (seen.outcome, seen.cause) == (Outcome.INCONCLUSIVE, Cause.PREREQUISITE)


@pytest.mark.parametrize("behind_ehlo", ["550 too many in a minute", "450 slow down"])
@pytest.mark.parametrize(
    ("role", "outcome"), [(Role.SUBMISSION, Outcome.FAIL), (Role.RELAY, Outcome.PASS)]
)
def test_mail_taken_in_clear_once_counts_whatever_was_said_to_the_second(
    role, outcome, behind_ehlo
):
    """A limit of MAIL commands makes no server demand TLS (Exim's `ratelimit` denies with 550)."""
    code, _, said = behind_ehlo.partition(" ")
    of = endpoint(role=role)
    walk = upgraded(
        unannounced=Reply(code="250", lines=("ok",)), clear=Reply(code=code, lines=(said,))
    )
    base = view(of)
    answers = {**base.answers, upgrade_question(of): seen(walk)}
    finding = only(RULE_ITSELF.check(view(of, answers=answers)))
    assert (finding.outcome, finding.observed) == (outcome, "250 ok")
