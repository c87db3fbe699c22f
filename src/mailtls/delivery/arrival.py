"""Where a message is looked for: one function for each kind of mailbox, by `receive.via`."""

from __future__ import annotations

from collections.abc import Mapping

from mailtls.delivery.run import Arrival, AwaitMessage
from mailtls.delivery.tools import MailboxTools
from mailtls.evidence import Line
from mailtls.flow import Withheld, WithheldKind
from mailtls.policy.delivery import Receive, Via

MAILBOXES: Mapping[Via, AwaitMessage] = {}


async def await_message(
    receive: Receive, nonce: str, tools: MailboxTools
) -> tuple[Arrival, tuple[Line, ...]]:
    """Look for the message with this nonce until it is there or `receive.within` has passed."""
    mailbox = MAILBOXES.get(receive.via)
    if mailbox is None:
        detail = f"mailboxes by {receive.via} are not read"
        return Withheld(kind=WithheldKind.NOT_OFFERED, detail=detail), ()
    return await mailbox(receive, nonce, tools)
