"""The same commands before and behind the upgrade: what is enforced, forgotten and refused twice.

In SMTP and LMTP the command is `MAIL FROM:<>`: it needs no credential, and RSET takes it back without
a trace. The other protocols say by their capabilities what they accept; nothing is tried there that
a server would count as a failed login. What is said in clear and what is said inside TLS need not be
on one connection.
"""

from __future__ import annotations

from dataclasses import replace

from mailtls.dialects.base import Dialect
from mailtls.dialects.smtp import MAIL, SmtpDialect
from mailtls.evidence import (
    Capabilities,
    Missing,
    NotOffered,
    Reply,
    Skipped,
    UpgradeReply,
)
from mailtls.net.interface import Stream
from mailtls.probe.attempt import Attempt, InClear, Inside
from mailtls.probe.conversation import BoundedStream
from mailtls.terms import Cause, Phase, Protocol

NO_MAIL = Skipped(reason="the protocol has no command to be tried without a login")
NOT_IN_CLEAR = Skipped(reason="nothing is to be tried before TLS")

_SECOND = {Protocol.POP3: b"STLS"}
_STARTTLS = b"STARTTLS"


async def mail_in_clear(
    attempt: Attempt, dialect: SmtpDialect, stream: BoundedStream, *, ask_for_tls: bool
) -> UpgradeReply | NotOffered | Missing:
    """Say MAIL before and behind EHLO, then ask for TLS; `attempt.heard` keeps the answers to MAIL.

    Where TLS is not asked for, the outcome is as where it is not offered.
    """

    def heard(unannounced: Reply | Missing, clear: Reply | Missing) -> None:
        attempt.heard.in_clear = InClear(unannounced=unannounced, clear=clear)

    greeting: Reply | Missing = await attempt.run(stream, dialect.greeting())
    if isinstance(greeting, Missing):
        heard(greeting, greeting)
        return greeting
    unannounced = await _mail(attempt, dialect, stream, Phase.CAPABILITY)
    if isinstance(unannounced, Missing):
        heard(unannounced, unannounced)
        return unannounced
    hello = dialect.capabilities(attempt.settings.client_name)
    listed: Capabilities | Missing = await attempt.run(stream, hello)
    if isinstance(listed, Missing):
        listed = replace(listed, phase=Phase.CAPABILITY)
        heard(unannounced, listed)
        return listed
    offered = ask_for_tls and dialect.offers_starttls(listed)
    if not offered or not _pipelines(listed):
        clear = await _mail(attempt, dialect, stream, Phase.CAPABILITY)
        heard(unannounced, clear)
        if isinstance(clear, Missing):
            return clear
        if not offered:
            return NotOffered(capabilities=listed)
        return await attempt.run(stream, dialect.upgrade())
    group = dialect.mail(_STARTTLS, phase=Phase.CAPABILITY)
    clear = await attempt.run(stream, group)
    heard(unannounced, clear)
    if isinstance(clear, Missing):
        return clear
    upgrade = dialect.awaited_upgrade()
    upgrade.receive_data(group.trailing)
    return await attempt.run(stream, upgrade)


async def walk_inside(
    attempt: Attempt, dialect: Dialect, stream: Stream, upgrade: UpgradeReply
) -> tuple[Capabilities | Missing, object | Missing]:
    """Say MAIL without and with EHLO inside TLS, then ask for TLS again, each where it applies.

    Returns the capabilities and the last outcome, which is `Missing` where no farewell is
    understood; `attempt.heard` keeps the rest.
    """
    forgotten: Reply | Skipped | Missing = NO_MAIL
    if isinstance(dialect, SmtpDialect):
        # EHLO takes back what is accepted (RFC 5321 section 4.1.1.4).
        forgotten = await attempt.run(stream, dialect.command(MAIL))
    after: Capabilities | Missing
    if isinstance(forgotten, Missing):
        after = forgotten
    else:
        after = await attempt.run(stream, dialect.capabilities(attempt.settings.client_name))
    protected, again = await _twice(attempt, dialect, stream, after)
    attempt.heard.inside = Inside(forgotten=forgotten, protected=protected, again=again)
    if isinstance(again, Reply) and again.code == upgrade.reply.code:
        # Behind a second go-ahead the server waits for a handshake and understands no farewell.
        nested = "a second upgrade began"
        return after, Missing(phase=Phase.AFTER_TLS, cause=Cause.PREREQUISITE, detail=nested)
    return after, again


async def _twice(
    attempt: Attempt, dialect: Dialect, stream: Stream, after: Capabilities | Missing
) -> tuple[Reply | Skipped | Missing, Reply | Missing]:
    """Return the answers to MAIL behind EHLO and to a second request for TLS."""
    if isinstance(after, Missing):
        return after, after
    second = _SECOND.get(dialect.protocol, _STARTTLS)
    if not isinstance(dialect, SmtpDialect):
        return NO_MAIL, await attempt.run(stream, dialect.command(second))
    if not _pipelines(after):
        mail = await _mail(attempt, dialect, stream, Phase.AFTER_TLS)
        if isinstance(mail, Missing):
            return mail, mail
        return mail, await attempt.run(stream, dialect.command(second))
    group = dialect.mail(second, phase=Phase.AFTER_TLS)
    protected: Reply | Missing = await attempt.run(stream, group)
    if isinstance(protected, Missing):
        return protected, protected
    reply = dialect.awaited()
    reply.receive_data(group.trailing)
    return protected, await attempt.run(stream, reply)


def _pipelines(offered: Capabilities) -> bool:
    return "PIPELINING" in offered.names


async def _mail(
    attempt: Attempt, dialect: Dialect, stream: Stream, phase: Phase
) -> Reply | Missing:
    """Say MAIL, and take it back where it was accepted."""
    reply: Reply | Missing = await attempt.run(stream, dialect.command(MAIL, phase=phase))
    if isinstance(reply, Reply) and reply.code.startswith("2"):
        reset: Reply | Missing = await attempt.run(stream, dialect.command(b"RSET", phase=phase))
        if isinstance(reset, Missing):
            return reset
    return reply
