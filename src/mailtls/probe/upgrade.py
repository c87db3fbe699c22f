"""The same commands before and behind the upgrade: what is enforced, forgotten and refused twice.

In SMTP and LMTP the command is `MAIL FROM:<>`: it needs no credential, and RSET takes it back without
a trace. The other protocols say by their capabilities what they accept; nothing is tried there that
a server would count as a failed login.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailtls.dialects import DIALECTS
from mailtls.dialects.base import Dialect, Opening
from mailtls.dialects.smtp import SmtpDialect
from mailtls.evidence import (
    Capabilities,
    HandshakeRefused,
    Missing,
    NotOffered,
    Reply,
    Skipped,
    UpgradeEvidence,
    UpgradeReply,
    WrongMode,
)
from mailtls.net.interface import Stream
from mailtls.probe.attempt import Attempt
from mailtls.probe.conversation import BoundedStream, TlsStream
from mailtls.probe.questions import UpgradeQuestion
from mailtls.probe.session import behind, farewell, open_dialogue, tls_engine
from mailtls.terms import Cause, Phase, Protocol
from mailtls.tls.session import Handshake

MAIL = b"MAIL FROM:<>"
"""The null reverse-path (RFC 5321 section 4.5.5): no address of anybody's."""

NO_MAIL = Skipped(reason="the protocol has no command to be tried without a login")
NOT_IN_CLEAR = Skipped(reason="nothing is to be tried before TLS")

_SECOND = {Protocol.POP3: b"STLS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clear:
    """What was said before the upgrade."""

    unannounced: Reply | Skipped | Missing
    before: Capabilities | Missing
    clear: Reply | Skipped | Missing


async def ask_upgrade(
    attempt: Attempt, question: UpgradeQuestion, stream: BoundedStream
) -> UpgradeEvidence:
    """Say MAIL, upgrade, say MAIL without and with EHLO, upgrade again, each where it applies."""
    dialect = DIALECTS[question.protocol]
    said = await _in_clear(attempt, question, dialect, stream)
    upgrade: UpgradeReply | NotOffered | Missing
    if isinstance(said.before, Missing):
        upgrade = said.before
    elif isinstance(said.clear, Missing):
        upgrade = said.clear
    elif not dialect.offers_starttls(said.before):
        upgrade = NotOffered(capabilities=said.before)
    else:
        upgrade = await attempt.run(stream, dialect.upgrade())
    if not isinstance(upgrade, UpgradeReply) or not upgrade.accepted:
        await farewell(attempt, dialect, stream, upgrade)
        return _ended(said, upgrade, behind(upgrade, Phase.UPGRADE))
    channel = tls_engine(question.server_name)
    done: Handshake | HandshakeRefused | WrongMode | Missing = await attempt.run(stream, channel)
    if not isinstance(done, Handshake):
        why = behind(done, Phase.HANDSHAKE)
        await farewell(attempt, dialect, stream, why)
        return _ended(said, upgrade, why)
    return await _inside(attempt, dialect, TlsStream(stream, channel), said, upgrade)


async def _in_clear(
    attempt: Attempt, question: UpgradeQuestion, dialect: Dialect, stream: BoundedStream
) -> _Clear:
    if not isinstance(dialect, SmtpDialect) or not question.clear:
        skipped = NOT_IN_CLEAR if isinstance(dialect, SmtpDialect) else NO_MAIL
        opening: Opening | WrongMode | Missing = await open_dialogue(attempt, dialect, stream)
        if isinstance(opening, WrongMode):
            opening = behind(opening, Phase.GREETING)
        before = opening if isinstance(opening, Missing) else opening.capabilities
        return _Clear(unannounced=skipped, before=before, clear=skipped)
    greeting: Reply | Missing = await attempt.run(stream, dialect.greeting())
    if isinstance(greeting, Missing):
        return _Clear(unannounced=greeting, before=greeting, clear=greeting)
    unannounced = await _mail(attempt, dialect, stream, Phase.CAPABILITY)
    if isinstance(unannounced, Missing):
        return _Clear(unannounced=unannounced, before=unannounced, clear=unannounced)
    hello = dialect.capabilities(attempt.settings.client_name)
    listed: Capabilities | Missing = await attempt.run(stream, hello)
    if isinstance(listed, Missing):
        listed = replace(listed, phase=Phase.CAPABILITY)
        return _Clear(unannounced=unannounced, before=listed, clear=listed)
    clear = await _mail(attempt, dialect, stream, Phase.CAPABILITY)
    return _Clear(unannounced=unannounced, before=listed, clear=clear)


async def _inside(
    attempt: Attempt, dialect: Dialect, inside: Stream, said: _Clear, upgrade: UpgradeReply
) -> UpgradeEvidence:
    forgotten: Reply | Skipped | Missing = NO_MAIL
    protected: Reply | Skipped | Missing = NO_MAIL
    again: Reply | Missing
    after: Capabilities | Missing
    if isinstance(dialect, SmtpDialect):
        forgotten = await _mail(attempt, dialect, inside, Phase.AFTER_TLS)
    if isinstance(forgotten, Missing):
        after = forgotten
    else:
        hello = dialect.capabilities(attempt.settings.client_name)
        after = await attempt.run(inside, hello)
    if isinstance(dialect, SmtpDialect):
        protected = (
            after
            if isinstance(after, Missing)
            else await _mail(attempt, dialect, inside, Phase.AFTER_TLS)
        )
    last = protected if isinstance(protected, Missing) else after
    if isinstance(last, Missing):
        again = last
    else:
        second = dialect.command(_SECOND.get(dialect.protocol, b"STARTTLS"))
        again = await attempt.run(inside, second)
    # Behind a second go-ahead the server waits for a handshake and understands no farewell.
    nested = isinstance(again, Reply) and again.code == upgrade.reply.code
    await farewell(attempt, dialect, inside, _nested() if nested else again)
    return UpgradeEvidence(
        unannounced=said.unannounced,
        before=said.before,
        clear=said.clear,
        upgrade=upgrade,
        tls=True,
        forgotten=forgotten,
        after=after,
        protected=protected,
        again=again,
    )


def _nested() -> Missing:
    return Missing(phase=Phase.AFTER_TLS, cause=Cause.PREREQUISITE, detail="a second upgrade began")


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


def _ended(
    said: _Clear, upgrade: UpgradeReply | NotOffered | Missing, why: Missing
) -> UpgradeEvidence:
    return UpgradeEvidence(
        unannounced=said.unannounced,
        before=said.before,
        clear=said.clear,
        upgrade=upgrade,
        tls=why,
        forgotten=why,
        after=why,
        protected=why,
        again=why,
    )
