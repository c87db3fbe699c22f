"""SASL mechanisms after TLS, in the form of each protocol."""

from __future__ import annotations

from mailtls.terms import Outcome
from probe.upgrading import Faults, server, verdicts

SMTP = Faults(answers={"tls EHLO": "250-h\r\n250-SIZE 10\r\n250-VRFY\r\n250 AUTH PLAIN LOGIN\r\n"})


def judged(keys: str, *rules: str, faults: Faults = SMTP) -> list[tuple[Outcome, str, str]]:
    with server("smtp", faults) as (port, _):
        return [
            (v.outcome, v.message, v.observed) for v in verdicts(port, "smtp", *rules, keys=keys)
        ]


def test_mechanisms():
    offered = "offered: PLAIN, LOGIN"
    assert (
        judged("auth: {require: [plain], forbid: [CRAM-MD5]}", "auth-mechanisms")
        == [(Outcome.PASS, "the mechanisms are as declared", offered)] * 2
    )
    assert judged(
        "auth: {require: [PLAIN, XOAUTH2, SCRAM-SHA-256], forbid: [LOGIN]}", "auth-mechanisms"
    ) == [
        (Outcome.FAIL, "LOGIN is offered after TLS", offered),
        (Outcome.FAIL, "XOAUTH2, SCRAM-SHA-256 are not offered after TLS", offered),
    ]


def test_each_protocol_lists_them_in_its_own_way():
    for protocol in ("imap", "pop3", "sieve"):
        with server(protocol, Faults()) as (port, _):
            keys = "auth: {require: [PLAIN], forbid: [LOGIN]}"
            seen = verdicts(port, protocol, "auth-mechanisms", keys=keys)
        assert [v.outcome for v in seen] == [Outcome.PASS] * 2
