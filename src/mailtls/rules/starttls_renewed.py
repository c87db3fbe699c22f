"""Whether the server begins anew inside TLS: what was known and offered before it is gone."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import Capabilities, Missing, Reply, SessionEvidence, UpgradeEvidence
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import Question
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    not_applicable,
    passed,
    session_question,
)
from mailtls.rules.causes import behind, why_no_tls
from mailtls.rules.starttls_offered import command
from mailtls.rules.upgrades import NOT_FOR_IMPLICIT, text, unfinished, upgrade_of, upgrade_question
from mailtls.terms import Cause, Mode, Phase

_SECTION = "RFC 3207 section 4.2, RFC 2595 section 4, RFC 9051 section 6.2.1, RFC 5804 section 2.2"


def needs(endpoint: Endpoint, _profile: Profile) -> Iterable[Question]:
    """Return the full session and the walk through the upgrade."""
    yield session_question(endpoint)
    if endpoint.mode is Mode.STARTTLS:
        yield upgrade_question(endpoint)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge what is offered, remembered and refused inside TLS."""
    if view.endpoint.mode is Mode.IMPLICIT:
        yield not_applicable(NOT_FOR_IMPLICIT, key="mode")
        return
    expected = f"capabilities asked again, no {command(view.endpoint.protocol)} inside TLS, nothing remembered"
    question = upgrade_question(view.endpoint)
    session = view.session
    if isinstance(session, Missing):
        yield inconclusive(behind(session), expected=expected, key="mode")
        return
    if isinstance(view.tls, Missing):
        yield inconclusive(why_no_tls(session), expected=expected, key="mode")
        return
    seen = upgrade_of(view)
    faults = list(_faults(view, session, seen, expected))
    yield from faults
    if faults:
        return
    missing = _missing(session, seen)
    if missing is not None:
        yield inconclusive(missing, expected=expected, key="mode", question=question)
        return
    yield passed(
        "the server begins anew inside TLS",
        expected=expected,
        observed=_difference(session),
        key="mode",
    )


def _faults(
    view: TargetView, session: SessionEvidence, seen: UpgradeEvidence | Missing, expected: str
) -> Iterable[Finding]:
    verb = command(view.endpoint.protocol)
    question = upgrade_question(view.endpoint)

    def fault(message: str, observed: str, proof: Question | None) -> Finding:
        return failed(
            message,
            expected=expected,
            observed=observed,
            remedy=f"update the server, or take out the proxy that answers for it ({_SECTION})",
            key="mode",
            question=proof,
        )

    after = session.after
    if isinstance(after, Capabilities) and verb in after.names:
        yield fault(f"{verb} is still offered inside TLS", _difference(session), None)
    if isinstance(after, Missing) and (after.phase, after.cause) == (
        Phase.AFTER_TLS,
        Cause.REFUSED,
    ):
        yield fault("the server does not answer for its capabilities again", after.detail, None)
    if isinstance(seen, Missing):
        return
    upgrade, again = seen.upgrade, seen.again
    if isinstance(again, Reply) and not isinstance(upgrade, Missing) and _repeated(seen, again):
        yield fault(f"a second {verb} is accepted inside TLS", text(again), question)
    if _remembered(seen):
        assert isinstance(seen.unannounced, Reply)
        assert isinstance(seen.forgotten, Reply)
        yield fault(
            "a greeting from before TLS is remembered inside it",
            f"MAIL without EHLO: in clear {text(seen.unannounced)}; inside TLS {text(seen.forgotten)}",
            question,
        )


def _repeated(seen: UpgradeEvidence, again: Reply) -> bool:
    reply = getattr(seen.upgrade, "reply", None)
    return isinstance(reply, Reply) and again.code == reply.code


def _remembered(seen: UpgradeEvidence) -> bool:
    """Return whether MAIL without EHLO is refused on a new connection and accepted inside TLS.

    A server may take MAIL without EHLO at any time, as Postfix does; that hides what it remembers.
    Nor is a refusal that was about TLS (530) one for the lack of EHLO (503), and what is no 503 and the
    same behind EHLO is about something else.
    """
    return (
        isinstance(seen.unannounced, Reply)
        and isinstance(seen.forgotten, Reply)
        and seen.unannounced.code.startswith("5")
        and seen.unannounced.code != "530"
        and (seen.unannounced.code == "503" or seen.unannounced != seen.clear)
        and seen.forgotten.code.startswith("2")
    )


def _missing(session: SessionEvidence, seen: UpgradeEvidence | Missing) -> Missing | None:
    """Return what kept the rule from its verdict; a server that hangs up on a second upgrade has refused it."""
    if isinstance(session.after, Missing):
        return session.after
    if isinstance(seen, Missing):
        return seen
    for step in (seen.before, seen.upgrade, seen.tls, seen.after):
        if isinstance(step, Missing):
            return step
    if isinstance(seen.protected, Missing):
        return seen.protected  # nothing says that it came to the second upgrade
    if isinstance(seen.again, Missing) and seen.again.cause is Cause.CLOSED:
        return None
    if isinstance(seen.again, Reply) and seen.again.code != "421":
        return None
    return unfinished(seen.again, Phase.AFTER_TLS, "the second upgrade")


def _difference(session: SessionEvidence) -> str:
    """Return which capabilities went and came with TLS."""
    before, after = session.before, session.after
    if not isinstance(before, Capabilities) or not isinstance(after, Capabilities):
        return "no capabilities to compare"
    gone = [name for name in _shown(before) if name not in _shown(after)]
    new = [name for name in _shown(after) if name not in _shown(before)]
    parts = []
    if gone:
        parts.append("gone: " + ", ".join(gone))
    if new:
        parts.append("new: " + ", ".join(new))
    return "inside TLS " + ("; ".join(parts) if parts else "the same capabilities as before")


def _shown(offered: Capabilities) -> tuple[str, ...]:
    listed = [f"mechanism {name}" for name in offered.mechanisms]
    names = [name for name in offered.names if not name.startswith("AUTH=")]
    return (*names, *listed)


RULE = Rule(
    id="starttls-renewed",
    title="State kept across STARTTLS",
    summary="Inside TLS the server begins anew: no second STARTTLS, nothing remembered from before.",
    needs=needs,
    check=check,
)
