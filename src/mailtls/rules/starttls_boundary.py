"""Whether anything crosses from clear text into TLS: leftovers, smuggled commands, plain text again."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailtls.evidence import (
    ClosedAnswer,
    Fallback,
    HandshakeRefused,
    Missing,
    NotOffered,
    Reply,
    SessionEvidence,
    Smuggled,
    Spoken,
    TlsFacts,
    UpgradeReply,
    WrongMode,
)
from mailtls.policy.model import Boundary, Endpoint, Profile
from mailtls.probe.questions import Question
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    lighter,
    not_applicable,
    passed,
    session_question,
)
from mailtls.rules.causes import behind, why_no_tls
from mailtls.rules.control import doubtful
from mailtls.rules.starttls_offered import command
from mailtls.rules.upgrades import (
    NOT_FOR_IMPLICIT,
    fallback_of,
    fallback_question,
    injection_of,
    injection_question,
    text,
)
from mailtls.sanitizer import clean_bytes
from mailtls.terms import Cause, Level, Mode, Phase

_KEY = "starttls.boundary"
_CLEAN = "nothing crosses from clear text into TLS"
_DROPPED = "a command sent behind the request for TLS is dropped or refused"
_ENDED = "a failed handshake ends the connection"

# Gmail answers 454 to the command in front of the smuggled one, and means that it is not allowed.
_PROTOCOL_ERROR = re.compile(r"pipelin|protocol violation|synchroni[sz]ation", re.IGNORECASE)


def needs(endpoint: Endpoint, _profile: Profile) -> Iterable[Question]:
    """Return the full session, and the two tests of the boundary unless it is only looked at."""
    yield session_question(endpoint)
    if endpoint.mode is Mode.STARTTLS and endpoint.starttls.boundary is Boundary.ACTIVE:
        yield injection_question(endpoint)
        yield fallback_question(endpoint)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the greeting and the go-ahead, then the two tests."""
    if view.endpoint.mode is Mode.IMPLICIT:
        yield not_applicable(NOT_FOR_IMPLICIT, key="mode")
        return
    session = view.session
    if isinstance(session, Missing):
        yield inconclusive(behind(session), expected=_CLEAN, key=_KEY)
        return
    if isinstance(session.greeting, Reply) and session.greeting.code == "PREAUTH":
        yield failed(
            "the server greets with PREAUTH, which rules STARTTLS out",
            expected=_CLEAN,
            observed=text(session.greeting),
            remedy="turn pre-authentication off for this listener; whoever stands between can send such"
            " a greeting to keep a client in clear (RFC 9051 section 6.2.1, CVE-2020-12398)",
            key=_KEY,
        )
        return
    if not isinstance(session.upgrade, UpgradeReply) or not session.upgrade.accepted:
        yield inconclusive(why_no_tls(session), expected=_CLEAN, key=_KEY)
        return
    yield _leftover(view, session.upgrade)
    if view.endpoint.starttls.boundary is Boundary.ACTIVE:
        yield _injection(view, session)
        yield _fallback(view, session)


def _leftover(view: TargetView, upgrade: UpgradeReply) -> Finding:
    verb = command(view.endpoint.protocol)
    if not upgrade.leftover:
        return passed(
            f"nothing follows the go-ahead for {verb} in clear",
            expected=_CLEAN,
            observed=text(upgrade.reply),
            key=_KEY,
        )
    return failed(
        f"bytes in clear follow the go-ahead for {verb}",
        expected=_CLEAN,
        observed=clean_bytes(upgrade.leftover),
        remedy="find out who sends them: a client that reads on takes them for the server's words inside"
        " TLS (RFC 3207 section 4.2, CVE-2021-22947). Update the server, and look at proxies in front of it",
        key=_KEY,
    )


def _injection(view: TargetView, session: SessionEvidence) -> Finding:
    seen = injection_of(view)
    if isinstance(seen, Missing):
        return _undecided(view, seen)
    match seen.upgrade:
        case Missing() as missing:
            return _undecided(view, missing)
        case NotOffered():
            return _undecided(view, _not_offered())
        case UpgradeReply(accepted=False, reply=reply, temporary=temporary):
            if temporary and not _PROTOCOL_ERROR.search(text(reply)):
                return _undecided(view, _later(reply))
            return _held("a command behind the request for TLS is refused", text(reply))
        case UpgradeReply():
            return _behind_the_go_ahead(view, session, seen.answer)


def _behind_the_go_ahead(
    view: TargetView,
    session: SessionEvidence,
    answer: Smuggled | HandshakeRefused | WrongMode | ClosedAnswer | Missing,
) -> Finding:
    match answer:
        case Smuggled(replies=()):
            return _held("a command behind the request for TLS is dropped", "its reply never came")
        case Smuggled(replies=replies):
            return failed(
                "a command injected before TLS is carried out inside it",
                expected=_DROPPED,
                observed="inside TLS, unasked: " + " | ".join(replies),
                remedy="update the server, or the proxy that ends TLS for it: it must empty its input"
                " buffer when TLS starts (RFC 3207 section 4.2, CVE-2011-0411)",
                key=_KEY,
                question=injection_question(view.endpoint),
            )
        case Missing() as missing:
            return _undecided(view, missing)
        case WrongMode(spoken=Spoken.SILENCE):
            return _undecided(view, _silent())
        case HandshakeRefused() | WrongMode() | ClosedAnswer():
            gap = _gap(view, session, answer)
            if gap is not None:
                return _undecided(view, gap)
            return _held("a command behind the request for TLS is read as TLS", _outcome(answer))


def _gap(
    view: TargetView,
    session: SessionEvidence,
    answer: HandshakeRefused | WrongMode | ClosedAnswer,
) -> Missing | None:
    """Return why an end without TLS tells nothing: it may have come for any other reason."""
    if not isinstance(session.tls, TlsFacts):
        return why_no_tls(session)
    return doubtful(view, answer) if isinstance(answer, ClosedAnswer) else None


def _held(message: str, observed: str) -> Finding:
    return passed(message, expected=_DROPPED, observed=observed, key=_KEY)


def _undecided(view: TargetView, missing: Missing) -> Finding:
    question = injection_question(view.endpoint)
    return inconclusive(missing, expected=_DROPPED, key=_KEY, question=question)


def _fallback(view: TargetView, session: SessionEvidence) -> Finding:
    question = fallback_question(view.endpoint)
    seen = fallback_of(view)
    if isinstance(seen, Missing):
        return inconclusive(seen, expected=_ENDED, key=_KEY, question=question)
    match seen.answer:
        case Missing() as missing:
            return inconclusive(missing, expected=_ENDED, key=_KEY, question=question)
        case Fallback(resumed=(), alerted=alerted):
            gap = None if alerted else _gap(view, session, ClosedAnswer(reset=False))
            if gap is not None:
                return inconclusive(gap, expected=_ENDED, key=_KEY, question=question)
            return passed(
                "a failed handshake ends the connection",
                expected=_ENDED,
                observed="a TLS alert" if alerted else "the connection was closed",
                key=_KEY,
            )
        case Fallback(resumed=resumed):
            return failed(
                "the server goes on in clear after a failed handshake",
                expected=_ENDED,
                observed="in clear: " + " | ".join(resumed),
                remedy="update the server: whoever stands between can break the handshake and keep a"
                " careless client in clear (RFC 3207 section 4.1)",
                key=_KEY,
                level=lighter(Level.WARNING, view.endpoint.level),
                question=question,
            )


def _outcome(answer: HandshakeRefused | WrongMode | ClosedAnswer) -> str:
    match answer:
        case HandshakeRefused(name=name):
            return f"the handshake ended with the alert {name}"
        case WrongMode(first_bytes=first):
            return f"the handshake ended with {clean_bytes(first, 60)}"
        case ClosedAnswer():
            return "the server hung up on the handshake"


def _not_offered() -> Missing:
    detail = "the server does not offer STARTTLS (see the rule starttls-offered)"
    return Missing(phase=Phase.UPGRADE, cause=Cause.PREREQUISITE, detail=detail)


def _later(reply: Reply) -> Missing:
    detail = f"the server answered the request for TLS with {reply.code}, try later"
    return Missing(phase=Phase.UPGRADE, cause=Cause.THROTTLED, detail=detail)


def _silent() -> Missing:
    return Missing(phase=Phase.HANDSHAKE, cause=Cause.TIMED_OUT, detail="the server stayed silent")


RULE = Rule(
    id="starttls-boundary",
    title="Bytes cross the STARTTLS boundary",
    summary="Nothing said in clear takes effect inside TLS, and clear text does not go on without it.",
    needs=needs,
    check=check,
)
