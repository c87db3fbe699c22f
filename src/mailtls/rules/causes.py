"""Why a rule could not be judged: the step that stopped the session, and the rule that judges it."""

from __future__ import annotations

from mailtls.evidence import (
    HandshakeRefused,
    Missing,
    NotOffered,
    SessionEvidence,
    Skipped,
    Spoken,
    UpgradeReply,
    WrongMode,
)
from mailtls.terms import Cause, Phase

UNRECOGNIZED_NAME = 112
"""The alert of a server that has nothing for the name it was asked for (RFC 6066 section 3)."""


def behind(missing: Missing) -> Missing:
    """Return why a rule behind `reachable` is open: where that one failed, it is the rule to look at."""
    if missing.cause is Cause.REFUSED and missing.phase in {Phase.RESOLVE, Phase.CONNECT}:
        return _prerequisite(missing.phase, f"{missing.detail} (see the rule reachable)")
    return missing


def why_no_tls(session: SessionEvidence) -> Missing:
    """Return the first step that kept a session from TLS, as the cause for every rule behind it."""
    for step in (session.greeting, session.before, session.upgrade, session.tls):
        match step:
            case Missing():
                return step
            case WrongMode():
                return wrong_mode(session, step)
            case NotOffered():
                return _prerequisite(
                    Phase.UPGRADE,
                    "the server does not offer STARTTLS (see the rule starttls-offered)",
                )
            case UpgradeReply(accepted=False, temporary=True, reply=reply):
                return Missing(
                    phase=Phase.UPGRADE,
                    cause=Cause.THROTTLED,
                    detail=f"the server answered STARTTLS with {reply.code}, try later",
                )
            case UpgradeReply(accepted=False, reply=reply):
                return _prerequisite(
                    Phase.UPGRADE,
                    f"the server answered STARTTLS with {reply.code} (see the rule starttls-offered)",
                )
            case HandshakeRefused(alert=alert, name=name):
                rule = "certificate-name" if alert == UNRECOGNIZED_NAME else "tls-version"
                return _prerequisite(
                    Phase.HANDSHAKE,
                    f"the server refused the handshake with the alert {name} (see the rule {rule})",
                )
            case _:
                continue
    raise AssertionError("a session without TLS has a step that says why")


def wrong_mode(session: SessionEvidence, seen: WrongMode) -> Missing:
    """Return the cause for the rules behind a port that speaks something else.

    Silence is the absence of an answer, not an answer: it stays a time-out.
    """
    early = seen is session.greeting
    phase = Phase.GREETING if early else Phase.HANDSHAKE
    if seen.spoken is Spoken.SILENCE:
        return Missing(phase=phase, cause=Cause.TIMED_OUT, detail="the server stayed silent")
    rule = "mode" if early or isinstance(session.upgrade, Skipped) else "starttls-offered"
    return _prerequisite(phase, f"the port speaks {seen.spoken.value} (see the rule {rule})")


def unread(reason: str) -> Missing:
    """Return the cause where recorded evidence skips a step that its mode has."""
    return Missing(phase=Phase.GREETING, cause=Cause.MALFORMED, detail=f"not recorded: {reason}")


def _prerequisite(phase: Phase, detail: str) -> Missing:
    return Missing(phase=phase, cause=Cause.PREREQUISITE, detail=detail)
