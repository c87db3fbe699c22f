"""What the rules about the upgrade share: their questions, and what a server offers before it."""

from __future__ import annotations

from ipaddress import ip_address

from mailtls.evidence import (
    Capabilities,
    FallbackEvidence,
    InjectionEvidence,
    Missing,
    Reply,
    SessionEvidence,
    Skipped,
    UpgradeEvidence,
)
from mailtls.policy.model import Endpoint
from mailtls.probe.questions import FallbackQuestion, InjectionQuestion, UpgradeQuestion
from mailtls.rules.base import TargetView, server_name
from mailtls.rules.causes import behind, unread, why_no_tls
from mailtls.rules.servers import Server, guess
from mailtls.terms import Cause, Phase, Protocol

NOT_FOR_IMPLICIT = "implicit TLS has no STARTTLS"

# RFC 4422 appendix A: EXTERNAL takes what another layer has established, so before TLS nothing.
_NO_LOGIN = frozenset({"EXTERNAL"})

LOGIN_WANTED = frozenset({"530", "430"})
"""The answers to a client that has not logged in: RFC 4954 section 6, and that of Cyrus' lmtpd."""


def upgrade_question(endpoint: Endpoint) -> UpgradeQuestion:
    """Return the question that says the same commands before and behind the upgrade."""
    enforced = endpoint.starttls.enforced
    # Dovecot's LMTP, as others, takes mail in clear whatever its settings: it is asked on demand.
    clear = enforced is True if endpoint.protocol is Protocol.LMTP else enforced is not False
    return UpgradeQuestion(
        protocol=endpoint.protocol,
        server_name=server_name(endpoint),
        clear=clear and endpoint.protocol in {Protocol.SMTP, Protocol.LMTP},
    )


def injection_question(endpoint: Endpoint) -> InjectionQuestion:
    """Return the question whether a command behind STARTTLS is carried out."""
    return InjectionQuestion(protocol=endpoint.protocol, server_name=server_name(endpoint))


def fallback_question(endpoint: Endpoint) -> FallbackQuestion:
    """Return the question whether plain text goes on after a failed handshake."""
    return FallbackQuestion(protocol=endpoint.protocol)


def upgrade_of(view: TargetView) -> UpgradeEvidence | Missing:
    """Return the answer to `upgrade_question`, or why there is none."""
    evidence = view.ask(upgrade_question(view.endpoint))
    assert isinstance(evidence, UpgradeEvidence | Missing)
    return behind(evidence) if isinstance(evidence, Missing) else evidence


def injection_of(view: TargetView) -> InjectionEvidence | Missing:
    """Return the answer to `injection_question`, or why there is none."""
    evidence = view.ask(injection_question(view.endpoint))
    assert isinstance(evidence, InjectionEvidence | Missing)
    return behind(evidence) if isinstance(evidence, Missing) else evidence


def fallback_of(view: TargetView) -> FallbackEvidence | Missing:
    """Return the answer to `fallback_question`, or why there is none."""
    evidence = view.ask(fallback_question(view.endpoint))
    assert isinstance(evidence, FallbackEvidence | Missing)
    return behind(evidence) if isinstance(evidence, Missing) else evidence


def before_tls(view: TargetView) -> Capabilities | Missing:
    """Return what the full session was offered before TLS, or why that is not known."""
    session = view.session
    if isinstance(session, Missing):
        return behind(session)
    match session.before:
        case Capabilities() | Missing() as before:
            # A port of another mode has its capabilities missing for a reason of its own.
            return before if isinstance(before, Capabilities) else why_no_tls(session)
        case Skipped(reason=reason):
            return unread(reason)


def logins(protocol: Protocol, offered: Capabilities) -> tuple[str, ...]:
    """Return every way to log in that a server offers, as people name it."""
    ways = [name for name in offered.mechanisms if name not in _NO_LOGIN]
    if protocol is Protocol.IMAP and "LOGINDISABLED" not in offered.names:
        ways.insert(0, "the LOGIN command")
    if protocol is Protocol.POP3 and "USER" in offered.names:
        ways.insert(0, "the USER command")
    return tuple(ways)


def trap(view: TargetView) -> str:
    """Return the sentence on Dovecot's exceptions where they may explain what was seen, else ""."""
    session = view.session
    product = guess(session) if isinstance(session, SessionEvidence) else None
    if view.target is None or product not in {Server.DOVECOT, None}:
        return ""
    if not ip_address(view.target.address).is_private:
        return ""
    return (
        f" ({view.target.address} is a private address: Dovecot treats clients on its own address and in"
        " `login_trusted_networks` as secured and offers them more; if that is so here, probe from elsewhere)"
    )


def unfinished(reply: Reply | Missing | Skipped, phase: Phase, command: str) -> Missing | None:
    """Return why a reply decides nothing: there is none, or it says "try later"."""
    match reply:
        case Missing():
            return reply
        case Skipped(reason=reason):
            return unread(reason)
        case Reply(code=code) if code.startswith("4") and code not in LOGIN_WANTED:
            return Missing(
                phase=phase,
                cause=Cause.THROTTLED,
                detail=f"the server answered {command} with {code}, try later",
            )
        case Reply():
            return None


def text(reply: Reply) -> str:
    """Return a reply as one line."""
    return " ".join((reply.code, *reply.lines))
