"""All deliveries of a run: one message after another is sent, and they are waited for at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from mailtls.delivery.arrival import Arrival, await_message
from mailtls.delivery.mailbox.base import Mailbox, Trouble
from mailtls.delivery.message import compose, make_nonce
from mailtls.delivery.secrecy import Redactor, redacted
from mailtls.delivery.submit import Submission, submit
from mailtls.delivery.tools import MailboxTools
from mailtls.evidence import Line, Missing, Skipped
from mailtls.flow import DeliveryEvidence, Refused, Submitted, Withheld
from mailtls.policy.delivery import Delivery, Receive
from mailtls.terms import Cause, Phase

Opened = Mailbox | tuple[Trouble, tuple[Line, ...]]
"""A mailbox that the message can be looked for in, or why there is none and what was said."""

OpenMailbox = Callable[[Receive, str, MailboxTools], Awaitable[Opened]]
"""Opens the mailbox for the message with a nonce, before it is sent."""

NOTHING_RECEIVED = Skipped(reason="the delivery says nothing of receiving")


async def run_deliveries(
    deliveries: Iterable[Delivery],
    tools: MailboxTools,
    *,
    open_mailbox: OpenMailbox,
    origin: str,
    redact: Redactor,
) -> dict[str, DeliveryEvidence]:
    """Send every delivery and wait for it; return the evidence by name, with no secret in it.

    What cannot be received is not sent: nobody would take the message away again. `origin` says in
    the message who sends it.
    """
    turn = asyncio.Lock()

    async def deliver(delivery: Delivery) -> DeliveryEvidence:
        nonce = make_nonce(tools.settings.randomness)
        message = _message(delivery, nonce, origin, tools)
        opened: Opened | None = None
        submission: Submission
        sent: tuple[Line, ...] = ()
        async with turn:
            if delivery.receive is not None:
                opened = await open_mailbox(delivery.receive, nonce, tools)
            if isinstance(opened, tuple):
                submission = _unreadable(opened[0])
            else:
                submission, sent = await submit(delivery.send, message, tools)
        arrival, received = await _arrival(delivery.receive, opened, submission, tools)
        evidence = DeliveryEvidence(
            submission=submission,
            arrival=arrival,
            sent_transcript=sent,
            received_transcript=received,
        )
        return redacted(evidence, redact)

    async with asyncio.TaskGroup() as group:
        tasks = {each.name: group.create_task(deliver(each)) for each in deliveries}
    return {name: task.result() for name, task in tasks.items()}


def _message(delivery: Delivery, nonce: str, origin: str, tools: MailboxTools) -> bytes:
    return compose(
        sender=delivery.send.sender,
        recipient=delivery.send.recipient,
        nonce=nonce,
        name=delivery.name,
        origin=origin,
        date=tools.clock(),
    )


async def _arrival(
    receive: Receive | None, opened: Opened | None, submission: Submission, tools: MailboxTools
) -> tuple[Arrival | Skipped, tuple[Line, ...]]:
    """Return what became of the message behind its submission, and what the mailbox said."""
    if receive is None or opened is None:
        return NOTHING_RECEIVED, ()
    if isinstance(opened, tuple):
        return opened
    if isinstance(submission, Submitted):
        return await await_message(opened, receive, tools)
    try:
        await opened.finish(None)
    finally:
        opened.close()
    return _not_sent(submission), opened.lines


def _unreadable(trouble: Trouble) -> Withheld | Missing:
    """Return why nothing was sent."""
    if isinstance(trouble, Withheld):
        return trouble
    return Missing(
        phase=Phase.CONNECT,
        cause=Cause.PREREQUISITE,
        detail="nothing was sent, for the mailbox cannot be read (see the rule delivery-arrived)",
    )


def _not_sent(submission: Refused | Withheld | Missing) -> Withheld | Missing:
    """Return why nothing was looked for."""
    if isinstance(submission, Withheld):
        return submission
    return Missing(
        phase=Phase.AFTER_TLS,
        cause=Cause.PREREQUISITE,
        detail="the message was not accepted (see the rule delivery-accepted)",
    )
