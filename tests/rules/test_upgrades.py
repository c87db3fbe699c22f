"""What the rules about the upgrade share."""

from __future__ import annotations

import pytest

from mailtls.evidence import Capabilities, Missing, Reply, Skipped
from mailtls.policy.load import load_text
from mailtls.rules.upgrades import logins, unfinished, upgrade_question
from mailtls.terms import Cause, Phase, Protocol


def endpoint(keys: str):
    text = f"version: 1\nendpoints:\n  - {{host: a, mode: starttls, {keys}}}\n"
    return load_text(text.encode(), "p.yml", lambda *_: b"")[0].endpoints[0]


@pytest.mark.parametrize(
    ("keys", "clear"),
    [
        ("port: 587", True),
        ("port: 25", True),
        ("port: 25, starttls: {enforced: false}", False),
        ("port: 587, starttls: {enforced: false}", False),
        ("port: 24", False),
        ("port: 24, starttls: {enforced: true}", True),
        ("port: 143", False),
        ("port: 143, starttls: {enforced: true}", False),
    ],
)
def test_mail_is_said_in_clear_where_it_decides_something(keys, clear):
    assert upgrade_question(endpoint(keys)).clear is clear


@pytest.mark.parametrize("protocol", [Protocol.SMTP, Protocol.IMAP, Protocol.POP3, Protocol.SIEVE])
def test_mechanisms_count_in_every_protocol_and_external_in_none(protocol):
    offered = Capabilities(names=("LOGINDISABLED",), mechanisms=("EXTERNAL", "PLAIN"))

    assert logins(protocol, offered) == ("PLAIN",)


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (Reply(code="250", lines=("ok",)), None),
        (Reply(code="530", lines=("no",)), None),
        (Reply(code="421", lines=("later",)), Cause.THROTTLED),
        (Skipped(reason="not asked"), Cause.MALFORMED),
    ],
)
def test_a_reply_that_is_none_or_says_later_decides_nothing(reply, cause):
    missing = unfinished(reply, Phase.AFTER_TLS, "MAIL FROM:<>")

    assert (missing and missing.cause) == cause


def test_a_missing_reply_keeps_its_own_words():
    why = Missing(phase=Phase.AFTER_TLS, cause=Cause.RESET, detail="gone")

    assert unfinished(why, Phase.CAPABILITY, "MAIL") == why
