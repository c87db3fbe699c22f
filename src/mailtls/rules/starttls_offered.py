"""Whether STARTTLS is offered, and carried out when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import Missing, NotOffered, SessionEvidence, Spoken, UpgradeReply, WrongMode
from mailtls.rules import servers
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    inconclusive,
    needs_session,
    not_applicable,
    passed,
)
from mailtls.rules.causes import behind, why_no_tls
from mailtls.rules.mode import bytes_seen
from mailtls.terms import Mode, Protocol

# RFC 2595 names the POP3 command STLS.
_SECTIONS = {
    Protocol.SMTP: "RFC 3207 section 4",
    Protocol.LMTP: "RFC 3207 section 4",
    Protocol.IMAP: "RFC 9051 section 6.2.1",
    Protocol.POP3: "RFC 2595 section 4",
    Protocol.SIEVE: "RFC 5804 section 2.2",
}


def command(protocol: Protocol) -> str:
    """Return the upgrade command of a protocol."""
    return "STLS" if protocol is Protocol.POP3 else "STARTTLS"


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the capabilities and the answer to the command; "try later" still is an offer."""
    if view.endpoint.mode is Mode.IMPLICIT:
        yield not_applicable("implicit TLS has no STARTTLS", key="mode")
        return
    verb = command(view.endpoint.protocol)
    expected = f"{verb} offered and accepted"
    session = view.session
    if isinstance(session, Missing):
        yield inconclusive(behind(session), expected=expected, key="mode")
        return
    match session.upgrade:
        case NotOffered(capabilities=capabilities):
            names = ", ".join(capabilities.names) or "no capabilities"
            yield _failed(view, f"the server does not offer {verb}", f"offered: {names}")
        case UpgradeReply(accepted=False, temporary=False, reply=reply):
            text = " ".join((reply.code, *reply.lines))
            yield _failed(view, f"the server offers {verb} and refuses it", text)
        case UpgradeReply(accepted=True) if _in_clear(session):
            assert isinstance(session.tls, WrongMode)
            yield _failed(
                view,
                f"the server accepts {verb} and goes on in clear",
                f"{session.tls.spoken.value}: {bytes_seen(session.tls)}",
            )
        case UpgradeReply(reply=reply):
            yield passed(
                f"{verb} is offered",
                expected=expected,
                observed=" ".join((reply.code, *reply.lines)),
                key="mode",
            )
        case _:
            yield inconclusive(why_no_tls(session), expected=expected, key="mode")


def _in_clear(session: SessionEvidence) -> bool:
    return isinstance(session.tls, WrongMode) and session.tls.spoken is not Spoken.SILENCE


def _failed(view: TargetView, message: str, observed: str) -> Finding:
    protocol = view.endpoint.protocol
    fix = servers.fix(view, servers.Topic.STARTTLS)
    return failed(
        message,
        expected=f"{command(protocol)} offered and accepted",
        observed=observed,
        remedy=f"offer it ({_SECTIONS[protocol]}). {fix}. Where the server does offer it,"
        " something on the way strips it: look at firewalls and proxies that inspect mail",
        key="mode",
    )


RULE = Rule(
    id="starttls-offered",
    title="STARTTLS not offered",
    summary="A STARTTLS port lists the upgrade and accepts it.",
    needs=needs_session,
    check=check,
)
