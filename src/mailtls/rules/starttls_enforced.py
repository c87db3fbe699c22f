"""Whether nothing is served before TLS, where the endpoint's role demands that."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import (
    Capabilities,
    Missing,
    NotOffered,
    Reply,
    SessionEvidence,
    UpgradeEvidence,
)
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import Question
from mailtls.rules import servers
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
from mailtls.rules.upgrades import (
    LOGIN_WANTED,
    NOT_FOR_IMPLICIT,
    before_tls,
    logins,
    text,
    trap,
    unfinished,
    upgrade_of,
    upgrade_question,
)
from mailtls.terms import Cause, Mode, Phase, Protocol, Role

_KEY = "starttls.enforced"
_EXPECTED = "nothing is served before TLS"
_MAIL = "MAIL FROM:<>"


def needs(endpoint: Endpoint, _profile: Profile) -> Iterable[Question]:
    """Return the full session, and where MAIL decides the walk through the upgrade."""
    yield session_question(endpoint)
    if endpoint.mode is Mode.STARTTLS and upgrade_question(endpoint).clear:
        yield upgrade_question(endpoint)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge by what is offered before TLS, then by the answers to MAIL before and behind TLS."""
    endpoint = view.endpoint
    enforced = endpoint.starttls.enforced
    if endpoint.mode is Mode.IMPLICIT:
        yield not_applicable(NOT_FOR_IMPLICIT, key="mode")
    elif enforced is False:
        yield not_applicable("the policy does not ask for it", key=_KEY)
    elif endpoint.protocol is Protocol.LMTP and enforced is None:
        yield not_applicable("LMTP is asked for it only by starttls.enforced: true", key=_KEY)
    elif endpoint.role is Role.RELAY and enforced is None:
        yield _relay(view)
    else:
        yield _enforced(view)


def _enforced(view: TargetView) -> Finding:
    before = before_tls(view)
    if isinstance(before, Missing):
        return inconclusive(before, expected=_EXPECTED, key=_KEY)
    session = view.session
    if isinstance(session, SessionEvidence) and _preauthenticated(session):
        return _failed(view, "the server logs the client in before TLS", "a PREAUTH greeting")
    if ways := logins(view.endpoint.protocol, before):
        offered = "offered before TLS: " + ", ".join(ways)
        return _failed(view, f"a login is possible without TLS{trap(view)}", offered)
    if view.endpoint.protocol in {Protocol.SMTP, Protocol.LMTP}:
        return _by_mail(view)
    return passed("no login is offered before TLS", expected=_EXPECTED, observed="none", key=_KEY)


def _preauthenticated(session: SessionEvidence) -> bool:
    return isinstance(session.greeting, Reply) and session.greeting.code == "PREAUTH"


def _by_mail(view: TargetView) -> Finding:
    question = upgrade_question(view.endpoint)
    seen = _answered(view)
    if isinstance(seen, Missing):
        return inconclusive(seen, expected=_EXPECTED, key=_KEY, question=question)
    if (taken := _taken(seen)) is not None:
        return _failed(
            view, f"the server accepts {_MAIL} without TLS", text(taken), question=question
        )
    assert isinstance(seen.clear, Reply)
    compared = _compared(seen)
    if isinstance(compared, Missing):
        return inconclusive(compared, expected=_EXPECTED, key=_KEY, question=question)
    observed = f"before TLS {text(seen.clear)}; after TLS {text(compared)}"
    if compared.code.startswith("2"):
        return passed("the server demands TLS", expected=_EXPECTED, observed=observed, key=_KEY)
    if (
        compared.code in LOGIN_WANTED
        and isinstance(seen.after, Capabilities)
        and seen.after.mechanisms
    ):
        return passed(
            "the server demands a login, and offers one only after TLS",
            expected=_EXPECTED,
            observed=observed,
            key=_KEY,
        )
    return inconclusive(_alike(seen.clear), expected=_EXPECTED, key=_KEY, question=question)


def _answered(view: TargetView) -> UpgradeEvidence | Missing:
    """Return the walk whose MAIL in clear was answered for good, or why there is none."""
    seen = upgrade_of(view)
    if isinstance(seen, Missing) or _taken(seen) is not None:
        return seen
    return unfinished(seen.clear, Phase.CAPABILITY, _MAIL) or seen


def _taken(seen: UpgradeEvidence) -> Reply | None:
    """Return the reply that accepted MAIL in clear, behind EHLO or before it.

    A server that limits how often it is said may refuse the second for that.
    """
    replies = (each for each in (seen.clear, seen.unannounced) if isinstance(each, Reply))
    return next((reply for reply in replies if reply.code.startswith("2")), None)


def _compared(seen: UpgradeEvidence) -> Reply | Missing:
    """Return the answer to the same command behind TLS: it alone tells what a refusal was about."""
    if isinstance(seen.upgrade, NotOffered):
        return Missing(
            phase=Phase.UPGRADE,
            cause=Cause.PREREQUISITE,
            detail="the server does not offer STARTTLS (see the rule starttls-offered)",
        )
    missing = unfinished(seen.protected, Phase.AFTER_TLS, _MAIL)
    if missing is not None:
        return missing
    assert isinstance(seen.protected, Reply)
    return seen.protected


def _alike(reply: Reply) -> Missing:
    return Missing(
        phase=Phase.AFTER_TLS,
        cause=Cause.REFUSED,
        detail=f"the server refuses {_MAIL} before and after TLS alike, with {reply.code}",
    )


def _relay(view: TargetView) -> Finding:
    """Judge a public relay: there TLS must not be demanded (RFC 3207 section 4)."""
    question = upgrade_question(view.endpoint)
    expected = "mail is taken without TLS too, as a public relay has to"
    seen = _answered(view)
    if isinstance(seen, Missing):
        return inconclusive(seen, expected=expected, key=_KEY, question=question)
    if (taken := _taken(seen)) is not None:
        observed = text(taken)
        return passed("TLS is not demanded", expected=expected, observed=observed, key=_KEY)
    assert isinstance(seen.clear, Reply)
    compared = _compared(seen)
    if isinstance(compared, Missing):
        return inconclusive(compared, expected=expected, key=_KEY, question=question)
    if compared.code.startswith("2"):
        return failed(
            "a public relay refuses mail without TLS (RFC 3207 section 4)",
            expected=expected,
            observed=f"before TLS {text(seen.clear)}; after TLS {text(compared)}",
            remedy="offer TLS and do not demand it here (Postfix: `smtpd_tls_security_level = may`);"
            " senders that must not fall back to clear text learn it from DANE or MTA-STS (RFC 7672,"
            " RFC 8461). Where this relay is private, write `starttls: {enforced: true}`",
            key=_KEY,
            question=question,
        )
    return passed(
        "TLS makes no difference to the answer",
        expected=expected,
        observed=f"before TLS {text(seen.clear)}; after TLS {text(compared)}",
        key=_KEY,
    )


def _failed(
    view: TargetView, message: str, observed: str, question: Question | None = None
) -> Finding:
    return failed(
        message,
        expected=_EXPECTED,
        observed=observed,
        remedy="demand TLS on this port (RFC 8314 section 4.1, RFC 3207 section 4). "
        + servers.fix(view, servers.Topic.ENFORCE)
        + ". Where clear text is wanted here, write `starttls: {enforced: false}`",
        key=_KEY,
        question=question,
    )


RULE = Rule(
    id="starttls-enforced",
    title="STARTTLS not enforced",
    summary="Submission and access ports serve nothing before TLS; public relays do not demand it.",
    needs=needs,
    check=check,
)
