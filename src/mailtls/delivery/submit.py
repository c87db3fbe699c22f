"""The sending half of a delivery: one message over one judged session (RFC 5321, RFC 6409)."""

from __future__ import annotations

import time

from mailtls.delivery.credentials import Credential
from mailtls.delivery.login import LoggedIn, login
from mailtls.delivery.message import is_ascii
from mailtls.delivery.queue_ids import queue_id
from mailtls.delivery.tools import MailboxTools
from mailtls.delivery.transfer import Accepted, Envelope, transfer
from mailtls.delivery.visit import Inside, Visited, visit
from mailtls.evidence import Line, Missing
from mailtls.flow import Refused, Submitted, Withheld, WithheldKind
from mailtls.policy.delivery import Send
from mailtls.terms import TlsVersion

Submission = Submitted | Refused | Withheld | Missing


async def submit(
    send: Send, message: bytes, tools: MailboxTools
) -> tuple[Submission, tuple[Line, ...]]:
    """Send a message, and return what became of it and what was said."""
    endpoint = tools.endpoints[send.endpoint]
    credential: Credential | None = None
    if send.credential:
        found = await tools.credential(send.credential, endpoint.host, endpoint.port)
        if not isinstance(found, Credential):
            return found, ()
        credential = found
    began = time.monotonic()

    async def transact(inside: Inside) -> Submission:
        return await _submit(inside, send, message, credential=credential, tools=tools, began=began)

    visited: Visited[Submission] = await visit(endpoint, tools, transact)
    return visited.outcome, visited.transcript


async def _submit(
    inside: Inside,
    send: Send,
    message: bytes,
    *,
    credential: Credential | None,
    tools: MailboxTools,
    began: float,
) -> Submission:
    envelope = _envelope(inside, send, message)
    if isinstance(envelope, Withheld):
        return envelope
    mechanism = ""
    if credential is not None:
        entered = await login(inside, credential, tools)
        if not isinstance(entered, LoggedIn):
            return entered
        mechanism = entered.mechanism
    pipelining = "PIPELINING" in inside.offered.names
    sent: Accepted | Refused | Missing = await inside.run(
        transfer(envelope, message, pipelining=pipelining)
    )
    if not isinstance(sent, Accepted):
        return sent
    return Submitted(
        address=inside.address,
        reply=sent.reply,
        queue_id=queue_id(sent.reply),
        mechanism=mechanism,
        version=TlsVersion(inside.tls.version).label,
        cipher=inside.tls.cipher,
        at=tools.clock(),
        seconds=time.monotonic() - began,
    )


def _envelope(inside: Inside, send: Send, message: bytes) -> Envelope | Withheld:
    """Return the envelope with the parameters that the server offers, or which of them it lacks."""
    offered = inside.offered.names
    parameters = []
    if "SIZE" in offered:
        parameters.append(f"SIZE={len(message)}")
    if not is_ascii(send.sender, send.recipient):
        if "SMTPUTF8" not in offered or "8BITMIME" not in offered:
            return _lacking("SMTPUTF8", "an address needs it", "RFC 6531")
        parameters += ["BODY=8BITMIME", "SMTPUTF8"]
    if send.require_tls:
        if "REQUIRETLS" not in offered:
            return _lacking("REQUIRETLS", "require_tls asks for it", "RFC 8689")
        parameters.append("REQUIRETLS")
    return Envelope(sender=send.sender, recipient=send.recipient, parameters=tuple(parameters))


def _lacking(name: str, why: str, rfc: str) -> Withheld:
    return Withheld(
        kind=WithheldKind.NOT_OFFERED, detail=f"the server does not offer {name}: {why} ({rfc})"
    )
