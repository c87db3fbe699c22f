from __future__ import annotations

import pytest

from factories import REFUSED, missing, session
from mailtls.evidence import (
    Capabilities,
    HandshakeRefused,
    NotOffered,
    Reply,
    Skipped,
    Spoken,
    UpgradeReply,
    WrongMode,
)
from mailtls.rules.causes import behind, unread, why_no_tls
from mailtls.terms import Cause, Phase

GONE = missing(Phase.UPGRADE, Cause.PREREQUISITE)
NO_OFFER = NotOffered(capabilities=Capabilities(names=(), mechanisms=()))


def upgrade(*, temporary):
    reply = Reply(code="454", lines=())
    return UpgradeReply(accepted=False, temporary=temporary, reply=reply, leftover=b"")


@pytest.mark.parametrize(
    ("full", "phase", "cause", "rule"),
    [
        (session(GONE, upgrade=NO_OFFER), Phase.UPGRADE, Cause.PREREQUISITE, "starttls-offered"),
        (
            session(GONE, upgrade=upgrade(temporary=False)),
            Phase.UPGRADE,
            Cause.PREREQUISITE,
            "starttls-offered",
        ),
        (session(GONE, upgrade=upgrade(temporary=True)), Phase.UPGRADE, Cause.THROTTLED, ""),
        (
            session(HandshakeRefused(alert=40, name="handshake_failure")),
            Phase.HANDSHAKE,
            Cause.PREREQUISITE,
            "tls-version",
        ),
        (
            session(GONE, greeting=WrongMode(spoken=Spoken.SSH, first_bytes=b"SSH-2.0")),
            Phase.GREETING,
            Cause.PREREQUISITE,
            "mode",
        ),
        (
            session(WrongMode(spoken=Spoken.SMTP, first_bytes=b"500"), upgrade=Skipped(reason="")),
            Phase.HANDSHAKE,
            Cause.PREREQUISITE,
            "mode",
        ),
        (
            session(WrongMode(spoken=Spoken.SMTP, first_bytes=b"500")),
            Phase.HANDSHAKE,
            Cause.PREREQUISITE,
            "starttls-offered",
        ),
        (
            session(missing(Phase.HANDSHAKE, Cause.RESET)),
            Phase.HANDSHAKE,
            Cause.RESET,
            "",
        ),
    ],
)
def test_the_first_step_that_stopped_is_the_cause_and_names_its_rule(full, phase, cause, rule):
    found = why_no_tls(full)
    assert (found.phase, found.cause) == (phase, cause)
    assert (f"see the rule {rule}" in found.detail) == bool(rule)


def test_a_session_with_tls_has_no_cause():
    with pytest.raises(AssertionError, match="a step that says why"):
        why_no_tls(session())


def test_only_a_refusal_makes_a_prerequisite():
    assert behind(REFUSED).cause is Cause.PREREQUISITE
    assert behind(missing(Phase.RESOLVE, Cause.REFUSED)).cause is Cause.PREREQUISITE
    assert behind(missing()) == missing()


def test_a_skipped_step_is_malformed_evidence():
    assert unread("cut").cause is Cause.MALFORMED
