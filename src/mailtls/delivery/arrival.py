"""Waiting for the message where it should arrive: looks with growing pauses, until a deadline."""

from __future__ import annotations

import asyncio
import time

from mailtls.delivery import dkim
from mailtls.delivery.mailbox import MAILBOXES
from mailtls.delivery.mailbox.base import Letter, Mailbox, Trouble
from mailtls.delivery.tools import MailboxTools
from mailtls.evidence import Line, Missing
from mailtls.flow import Arrived, NotArrived, Refused, Withheld
from mailtls.policy.delivery import Receive
from mailtls.terms import Cause

Arrival = Arrived | NotArrived | Refused | Withheld | Missing

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
"""Seconds between two looks: each pause is twice the one before it."""

MOST_LINES = 240
"""Lines kept of what was said: an hour of looks says the same thing over and over."""

PROMPT_POLLS = 3
"""Looks at once when the mailbox tells of news; one that gets much mail is not looked into so often."""


async def prepare(
    receive: Receive, nonce: str, tools: MailboxTools
) -> Mailbox | tuple[Trouble, tuple[Line, ...]]:
    """Open the mailbox before the message is sent, or return why it does not open.

    What opened is given to `await_message`, or closed.
    """
    mailbox = MAILBOXES[receive.via](receive, nonce, tools)
    try:
        trouble = await mailbox.prepare()
    except BaseException:
        mailbox.close()
        raise
    return mailbox if trouble is None else (trouble, mailbox.lines)


async def await_message(
    mailbox: Mailbox, receive: Receive, tools: MailboxTools
) -> tuple[Arrival, tuple[Line, ...]]:
    """Look for the message until it is there or `receive.within` has passed, and read and delete it.

    The last look begins when the time is over; what it takes comes on top.
    """
    began = time.monotonic()
    try:
        found, polls = await _watch(mailbox, began + receive.within)
        seconds = time.monotonic() - began
        at = tools.clock()
        deleted = await mailbox.finish(found if isinstance(found, Letter) else None)
    finally:
        mailbox.close()
    lines = shortened(mailbox.lines)
    if found is None:
        return NotArrived(seconds=seconds, polls=polls), lines
    if not isinstance(found, Letter):
        return found, lines
    signatures = await dkim.verify(found.raw, tools.texts, tools.settings.now(), whole=found.whole)
    arrived = Arrived(
        header=found.header,
        at=at,
        seconds=seconds,
        polls=polls,
        address=mailbox.place.address,
        version=mailbox.place.version,
        cipher=mailbox.place.cipher,
        signatures=signatures,
        deleted=deleted,
    )
    return arrived, lines


def shortened(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Return the first and the last lines of a long exchange, and how many are left out between."""
    half = MOST_LINES // 2
    left_out = len(lines) - 2 * half
    if left_out <= 0:
        return lines
    gap = Line(side="*", text=f"({left_out} lines are left out)")
    return (*lines[:half], gap, *lines[-half:])


async def _watch(mailbox: Mailbox, deadline: float) -> tuple[Letter | Trouble | None, int]:
    """Return the message, None at the deadline, or why nobody can tell, and how often was looked.

    A mailbox that is busy is looked into again; one that is busy at the deadline tells nothing.
    """
    pause = mailbox.head_start
    polls = 0
    while True:
        await _pause(mailbox, pause, deadline - time.monotonic(), often=polls >= PROMPT_POLLS)
        found = await mailbox.look()
        polls += 1
        busy = isinstance(found, Missing) and found.cause is Cause.THROTTLED
        if (found is not None and not busy) or time.monotonic() >= deadline:
            return found, polls
        pause = min(2 * pause or FIRST_PAUSE, LONGEST_PAUSE)


async def _pause(mailbox: Mailbox, seconds: float, left: float, *, often: bool) -> None:
    """Wait for news, or for `seconds`; where news come `often`, for `seconds` all the same."""
    if seconds <= 0 or left <= 0:
        return
    began = time.monotonic()
    told = await mailbox.rest(min(seconds, left), left)
    if not told or often:
        await asyncio.sleep(max(0.0, min(seconds, left) - (time.monotonic() - began)))
