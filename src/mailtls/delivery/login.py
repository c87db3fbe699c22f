"""One login inside a judged session, by SASL: SMTP (RFC 4954), IMAP (RFC 9051), POP3 (RFC 5034).

Where a mail store offers no SASL, its older commands serve. It is tried once: a server counts
failures, and a wrong password is as wrong the second time.
"""

from __future__ import annotations

import base64
import binascii
import re

from mailtls.delivery.credentials import Credential, unusable
from mailtls.delivery.mechanism import Mechanism, SaslError
from mailtls.delivery.passwords import commands
from mailtls.delivery.refusals import kind_of
from mailtls.delivery.sasl import Bearer, choose
from mailtls.delivery.tools import MailboxTools
from mailtls.delivery.visit import Inside
from mailtls.dialects.imap import ImapDialect
from mailtls.dialects.pop3 import Pop3Dialect
from mailtls.dialects.smtp import SmtpDialect
from mailtls.evidence import Missing, Reply
from mailtls.flow import RefusalKind, Refused, Stage, Withheld, WithheldKind
from mailtls.pure import pure
from mailtls.terms import Cause, Phase, Protocol

SaslDialect = SmtpDialect | ImapDialect | Pop3Dialect

MOST_CHALLENGES = 6
"""SCRAM has two, LOGIN two, a refused token one."""

# RFC 5530 section 3, RFC 3206 and RFC 2449 section 8.1: a login that will do another time.
_LATER = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|SYS/TEMP|IN-USE|LOGIN-DELAY)[\] ]", re.IGNORECASE
)
_GO_ON = ("334", "+")
_DONE = {Protocol.SMTP: "235", Protocol.IMAP: "OK", Protocol.POP3: "+OK"}
# Longest command that may carry an initial response; longer ones wait for the first challenge.
_LINE_LIMITS = {Protocol.SMTP: 510, Protocol.IMAP: 8000, Protocol.POP3: 253}
"""RFC 5321 section 4.5.3.1.4, RFC 9051 section 4 and RFC 2449 section 4, without the line's end."""


@pure
class LoggedIn:
    """A login that succeeded, and by which mechanism."""

    mechanism: str
    """SASL's name for it, "" where it was no SASL."""


async def login(
    inside: Inside, credential: Credential, tools: MailboxTools
) -> LoggedIn | Refused | Withheld | Missing:
    """Log in by the strongest mechanism that is offered, once; a refusal is noted in `tools`."""
    dialect = inside.dialect
    assert isinstance(dialect, SaslDialect)
    offered = inside.offered.mechanisms
    try:
        mechanism = choose(
            offered,
            credential,
            inside.service,
            binding=inside.binding,
            randomness=tools.settings.randomness,
        )
        opening = None if mechanism is None else _opening(inside, dialect.protocol, mechanism)
        older = () if mechanism else commands(dialect.protocol, inside.offered, credential)
    except SaslError as error:
        return unusable(str(error))
    reply: Reply | Missing
    if mechanism is not None and opening is not None:
        try:
            reply = await _exchange(inside, dialect, mechanism, *opening)
        except SaslError as error:
            inside.note(f"{mechanism.name}: {error}")
            await inside.run(dialect.command(b"*"))
            return _unproved(str(error))
    elif older:
        reply = await _by_commands(inside, dialect, older)
    else:
        listed = ", ".join(offered) or "none"
        return Withheld(
            kind=WithheldKind.NOT_OFFERED,
            detail=f"no offered login mechanism serves the credential (offered: {listed})",
        )
    if isinstance(reply, Missing):
        return reply
    settled = _settled(dialect.protocol, mechanism, reply)
    if isinstance(settled, Refused) and settled.kind is RefusalKind.AUTHENTICATION:
        tools.refused(credential.name, settled)
    return settled


async def _exchange(
    inside: Inside,
    dialect: SaslDialect,
    mechanism: Mechanism,
    line: bytes,
    waiting: bytes | None,
) -> Reply | Missing:
    """Return the reply that ends the exchange; raises SaslError where it must not go on."""
    reply: Reply | Missing = await inside.run(dialect.command(line, secret=True))
    for _ in range(MOST_CHALLENGES):
        if isinstance(reply, Missing) or reply.code not in _GO_ON:
            return reply
        if waiting is None:
            answer = mechanism.next(_decoded(reply.lines[-1]))
        else:
            answer, waiting = waiting, None
        if isinstance(mechanism, Bearer) and mechanism.refusal:
            inside.note(f"the server refuses the token: {mechanism.refusal}")
        reply = await inside.run(dialect.answer(answer))
    raise SaslError("the server does not end the exchange")


def _opening(
    inside: Inside, protocol: Protocol, mechanism: Mechanism
) -> tuple[bytes, bytes | None]:
    """Return the command, and the initial response where it has to wait for a challenge."""
    verb = "AUTHENTICATE" if protocol is Protocol.IMAP else "AUTH"
    line = f"{verb} {mechanism.name}".encode("ascii")
    first = mechanism.first()
    if first is None:
        return line, None
    whole = line + b" " + (base64.b64encode(first) or b"=")
    at_once = protocol is not Protocol.IMAP or "SASL-IR" in inside.offered.names
    if at_once and len(whole) <= _LINE_LIMITS[protocol]:
        return whole, None
    return line, first


async def _by_commands(
    inside: Inside, dialect: SaslDialect, lines: tuple[bytes, ...]
) -> Reply | Missing:
    """Say the commands of a login without SASL, and return the reply to the last one said."""
    for line in lines[:-1]:
        reply = await inside.run(dialect.command(line, secret=True))
        if isinstance(reply, Missing) or reply.code != _DONE[dialect.protocol]:
            return reply
    return await inside.run(dialect.command(lines[-1], secret=True))


def _settled(
    protocol: Protocol, mechanism: Mechanism | None, reply: Reply
) -> LoggedIn | Refused | Missing:
    if reply.code == _DONE[protocol]:
        if mechanism is None:
            return LoggedIn(mechanism="")
        if mechanism.complete:
            return LoggedIn(mechanism=mechanism.name)
        return _unproved("the server ends the login before it has proved itself")
    if protocol is Protocol.SMTP:
        return Refused(stage=Stage.AUTH, reply=reply, kind=kind_of(Stage.AUTH, reply))
    later = any(_LATER.match(line) for line in reply.lines[-1:])
    kind = RefusalKind.TEMPORARY if later else RefusalKind.AUTHENTICATION
    return Refused(stage=Stage.AUTH, reply=reply, kind=kind)


def _unproved(detail: str) -> Missing:
    return Missing(phase=Phase.AFTER_TLS, cause=Cause.MALFORMED, detail=detail)


def _decoded(challenge: str) -> bytes:
    try:
        return base64.b64decode(challenge.encode("latin-1"), validate=True)
    except binascii.Error:
        raise SaslError("a challenge that is no base64") from None
