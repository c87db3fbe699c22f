"""Capabilities after TLS."""

from __future__ import annotations

from mailtls.terms import Outcome
from probe.upgrading import Faults, server, verdicts

SMTP = Faults(answers={"tls EHLO": "250-h\r\n250-SIZE 10\r\n250-VRFY\r\n250 AUTH PLAIN LOGIN\r\n"})


def judged(keys: str, *rules: str, faults: Faults = SMTP) -> list[tuple[Outcome, str, str]]:
    with server("smtp", faults) as (port, _):
        return [
            (v.outcome, v.message, v.observed) for v in verdicts(port, "smtp", *rules, keys=keys)
        ]


def test_capabilities():
    offered = "offered: SIZE, VRFY, AUTH"
    assert judged("capabilities: {require: [8BITMIME, size], forbid: [vrfy]}", "capabilities") == [
        (Outcome.FAIL, "8BITMIME is not offered after TLS", offered),
        (Outcome.FAIL, "VRFY is offered after TLS", offered),
    ]
