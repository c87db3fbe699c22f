"""Mechanisms and capabilities after TLS: required and forbidden, all at once."""

from __future__ import annotations

from mailtls.terms import Cause, Outcome
from probe.upgrading import Faults, server, verdicts

SMTP = Faults(answers={"tls EHLO": "250-h\r\n250-SIZE 10\r\n250-VRFY\r\n250 AUTH PLAIN LOGIN\r\n"})


def judged(keys: str, *rules: str, faults: Faults = SMTP) -> list[tuple[Outcome, str, str]]:
    with server("smtp", faults) as (port, _):
        return [
            (v.outcome, v.message, v.observed) for v in verdicts(port, "smtp", *rules, keys=keys)
        ]


def test_what_the_policy_does_not_name_is_not_judged():
    assert judged("name: a", "auth-mechanisms", "capabilities") == []


def test_a_finding_points_at_its_key():
    with server("smtp", SMTP) as (port, _):
        (seen,) = verdicts(port, "smtp", "auth-mechanisms", keys="auth: {forbid: [LOGIN]}")

    assert seen.route == ("endpoints", 0, "auth", "forbid")


def test_nothing_after_tls_decides_nothing():
    faults = Faults(answers={"tls EHLO": "421 later\r\n"})
    with server("smtp", faults) as (port, _):
        seen = verdicts(port, "smtp", "capabilities", keys="capabilities: {require: [SIZE]}")

    assert [(v.outcome, v.cause) for v in seen] == [(Outcome.INCONCLUSIVE, Cause.THROTTLED)]
