"""Refusals as servers word them, told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.delivery.refusals import kind_of
from mailtls.evidence import Reply
from mailtls.flow import RefusalKind, Stage

A, G, B = RefusalKind.AUTHENTICATION, RefusalKind.GREYLISTED, RefusalKind.BLOCKLISTED
T, P = RefusalKind.TEMPORARY, RefusalKind.PERMANENT


@pytest.mark.parametrize(
    ("stage", "code", "text", "kind"),
    [
        (Stage.AUTH, "535", "5.7.8 Error: authentication failed: (reason unavailable)", A),
        (Stage.AUTH, "535", "Incorrect authentication data", A),
        (
            Stage.AUTH,
            "535",
            "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
            A,
        ),
        (Stage.AUTH, "534", "5.7.9 Application-specific password required", A),
        (
            Stage.AUTH,
            "550",
            "5.7.30 Basic authentication is not supported for Client Submission",
            A,
        ),
        (Stage.AUTH, "504", "5.5.4 Unrecognized authentication type", A),
        (
            Stage.AUTH,
            "454",
            "4.7.0 Temporary authentication failure: Connection lost to authentication server",
            T,
        ),
        (Stage.AUTH, "421", "4.7.0 Error: too many errors", T),
        (Stage.AUTH, "432", "4.7.12 A password transition is needed", A),
        (Stage.MAIL, "530", "5.7.0 Authentication Required", A),
        (Stage.MAIL, "530", "5.7.57 Client not authenticated to send mail", A),
        (
            Stage.MAIL,
            "553",
            "5.7.1 <a@example.com>: Sender address rejected: not owned by user b",
            P,
        ),
        (Stage.MAIL, "452", "4.3.1 Insufficient system storage", T),
        (
            Stage.RCPT,
            "450",
            "4.2.0 <a@example.com>: Recipient address rejected: Greylisted, see http://postgrey.example/",
            G,
        ),
        (Stage.RCPT, "451", "4.7.1 Greylisting in action, please come back in 00:04:59", G),
        (Stage.RCPT, "451", "4.7.1 Please try again later (TBTA1)", G),
        (
            Stage.RCPT,
            "451",
            "4.7.650 The mail server [192.0.2.1] has been temporarily rate limited",
            T,
        ),
        (Stage.RCPT, "450", "4.1.1 <a@example.com>: unverified address: connection timed out", T),
        (Stage.RCPT, "554", "5.7.1 <a@example.com>: Relay access denied", P),
        (Stage.RCPT, "550", "5.1.1 <a@example.com>: Recipient address rejected: User unknown", P),
        (
            Stage.RCPT,
            "554",
            "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
            B,
        ),
        (Stage.RCPT, "550", "JunkMail rejected - host [192.0.2.1] is in an RBL: listed", B),
        (
            Stage.RCPT,
            "450",
            "4.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]",
            B,
        ),
        (Stage.RCPT, "550", "5.7.606 Access denied, banned sending IP [192.0.2.1]", B),
        (
            Stage.MESSAGE,
            "550",
            "5.7.1 [192.0.2.1] The IP you're using to send mail is not authorized to send email directly to our servers",
            B,
        ),
        (
            Stage.MESSAGE,
            "550",
            "5.7.25 The IP address sending this message does not have a PTR record",
            B,
        ),
        (Stage.MESSAGE, "550", "5.7.1 Message content rejected", P),
        (Stage.MESSAGE, "552", "5.3.4 Message size exceeds fixed limit", P),
        (Stage.MESSAGE, "554", "5.6.0 Message contains NUL characters", P),
    ],
)
def test_a_refusal_is_told_by_its_codes_and_words(stage, code, text, kind):
    assert kind_of(stage, Reply(code=code, lines=(text,))) is kind


def test_a_reply_of_several_lines_is_read_as_one():
    lines = (
        "5.7.1 [192.0.2.1] Our system has detected that this message is",
        "5.7.1 likely from a sender of very low reputation",
    )
    assert kind_of(Stage.MESSAGE, Reply(code="550", lines=lines)) is B


@given(st.sampled_from(list(Stage)), st.from_regex(r"[45][0-9]{2}", fullmatch=True), st.text())
def test_a_temporary_code_is_never_permanent_and_the_other_way_round(stage, code, text):
    kind = kind_of(stage, Reply(code=code, lines=(text,)))
    assert kind is not (P if code.startswith("4") else T)
    assert code.startswith("4") or kind is not G
