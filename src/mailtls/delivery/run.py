"""All deliveries of a run: one message after another is sent, and they are waited for at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from mailtls.delivery.message import compose, make_nonce
from mailtls.delivery.secrecy import Redactor, redacted
from mailtls.delivery.submit import submit
from mailtls.delivery.tools import MailboxTools
from mailtls.evidence import Line, Missing, Skipped
from mailtls.flow import Arrived, DeliveryEvidence, NotArrived, Refused, Submitted, Withheld
from mailtls.policy.delivery import Delivery, Receive
from mailtls.terms import Cause, Phase

Arrival = Arrived | NotArrived | Refused | Withheld | Missing

AwaitMessage = Callable[[Receive, str, MailboxTools], Awaitable[tuple[Arrival, tuple[Line, ...]]]]
"""Looks for the message with a nonce until it is there or `within` has passed."""

NOTHING_RECEIVED = Skipped(reason="the delivery says nothing of receiving")


async def run_deliveries(
    deliveries: Iterable[Delivery],
    tools: MailboxTools,
    *,
    await_message: AwaitMessage,
    origin: str,
    redact: Redactor,
) -> dict[str, DeliveryEvidence]:
    """Send every delivery and wait for it; return the evidence by name, with no secret in it.

    `origin` says in the message who sends it.
    """
    turn = asyncio.Lock()

    async def deliver(delivery: Delivery) -> DeliveryEvidence:
        nonce = make_nonce(tools.settings.randomness)
        async with turn:
            submission, sent = await submit(
                delivery.send, _message(delivery, nonce, origin, tools), tools
            )
        arrival: Arrival | Skipped
        received: tuple[Line, ...] = ()
        if delivery.receive is None:
            arrival = NOTHING_RECEIVED
        elif isinstance(submission, Submitted):
            arrival, received = await await_message(delivery.receive, nonce, tools)
        else:
            arrival = _not_sent(submission)
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


def _not_sent(submission: Refused | Withheld | Missing) -> Withheld | Missing:
    """Return why nothing was looked for."""
    if isinstance(submission, Withheld):
        return submission
    return Missing(
        phase=Phase.AFTER_TLS,
        cause=Cause.PREREQUISITE,
        detail="the message was not accepted (see the rule delivery-accepted)",
    )
