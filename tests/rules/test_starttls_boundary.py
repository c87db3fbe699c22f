"""What crosses the upgrade, told from what does not, for each protocol."""

from __future__ import annotations

import pytest

from mailtls.terms import Cause, Level, Outcome, Phase
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
