"""A mailbox read by POP3 (RFC 1939): a session for each look, since a session sees nothing arrive.

POP3 cannot search. What is in the mailbox before the message is sent is listed by its unique ids and
never looked at; of what is new the header is read (TOP), once, to find the nonce in it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mailtls.delivery.credentials import Credential
from mailtls.delivery.mailbox import pop3_dialogue as say
from mailtls.delivery.mailbox.account import Account, failure, place_of
from mailtls.delivery.mailbox.base import Letter, Place, Trouble, carries
from mailtls.delivery.tools import MailboxTools
from mailtls.delivery.visit import Inside, Visited
from mailtls.dialects.base import words
from mailtls.evidence import Line, Missing, Reply
from mailtls.flow import Withheld, WithheldKind
from mailtls.policy.delivery import Receive
from mailtls.terms import Cause

Found = TypeVar("Found")

BUSY_PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds until a mailbox is tried again that another session has: one alone may (RFC 1939 section 4)."""

MOST_NEW = 20
"""Messages that arrived since whose header is read in one look: a mailbox for tests gets one."""

MESSAGE_BYTES = 128 * 1024
"""Most bytes of a message that is read whole; of a longer one the header is."""


class Pop3Mailbox:
    """A `base.Mailbox`; a look costs a login, so the first waits until a prompt delivery is through."""

    head_start = 1.0

    def __init__(self, receive: Receive, nonce: str, tools: MailboxTools) -> None:
        self._account = Account(receive=receive, tools=tools)
        self._nonce = nonce
        self._known: frozenset[str] = frozenset()
        self._deleted = False
        self._next_login = 0.0
        self._lines: list[Line] = []
        self._place = Place(address="", version="", cipher="")

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return what was said in every session."""
        return tuple(self._lines)

    @property
    def place(self) -> Place:
        """Return where the last session was."""
        return self._place

    async def prepare(self) -> Trouble | None:
        """List what is there, never to look at it."""
        found = await self._visit(self._list)
        for pause in BUSY_PAUSES:
            if not isinstance(found, Missing) or found.cause is not Cause.THROTTLED:
                break
            await asyncio.sleep(pause)
            found = await self._visit(self._list)
        if not isinstance(found, dict):
            return found
        self._known = frozenset(found)
        return None

    async def look(self) -> Letter | Trouble | None:
        """Log in, and look at what is new."""
        return await self._visit(self._seek)

    async def rest(self, seconds: float, left: float) -> bool:
        """Wait, at least until the server takes another login; nobody tells of news."""
        allowed = self._next_login - time.monotonic()
        await asyncio.sleep(min(max(seconds, allowed), left))
        return True

    async def finish(self, letter: Letter | None) -> bool:  # noqa: ARG002 - the contract of Mailbox
        """Return whether the session that found the message deleted it."""
        return self._deleted

    def close(self) -> None:
        """Do nothing: no session outlives its look."""

    async def _visit(self, act: Callable[[Inside], Awaitable[Found | Trouble]]) -> Found | Trouble:
        # Asked for each time: another mailbox may have seen it refused since.
        credential = await self._account.credential()
        if not isinstance(credential, Credential):
            return credential

        async def transact(inside: Inside) -> Found | Trouble:
            self._place = place_of(inside)
            trouble = await self._account.enter(inside, credential)
            return await act(inside) if trouble is None else trouble

        visited: Visited[Found | Trouble] = await self._account.visit(transact)
        self._lines += visited.transcript
        return visited.outcome

    async def _list(self, inside: Inside) -> dict[str, int] | Trouble:
        """Return unique id -> number of every message."""
        # The capabilities that were asked for before the login hold no parameters.
        replies = await self._say(inside, b"CAPA", b"UIDL")
        if isinstance(replies, Missing):
            return replies
        self._next_login = time.monotonic() + say.login_delay(replies[0])
        if replies[1].code != "+OK":
            detail = f"the server does not list unique ids: {words(replies[1])}"
            return Withheld(kind=WithheldKind.NOT_OFFERED, detail=detail)
        return say.unique_ids(replies[1])

    async def _seek(self, inside: Inside) -> Letter | Trouble | None:
        listed = await self._list(inside)
        if not isinstance(listed, dict):
            return listed
        new = [uid for uid in listed if uid not in self._known][:MOST_NEW]
        if not new:
            return None
        asked = (line(listed[uid]) for uid in new for line in (say.header_line, say.size_line))
        replies = await self._say(inside, *asked)
        if isinstance(replies, Missing):
            return replies
        self._known |= set(new)
        for uid, header, size in zip(new, replies[::2], replies[1::2], strict=True):
            letter = Letter(identifier=uid, raw=say.text(header), whole=False)
            if header.code == "+OK" and carries(letter.header, self._nonce):
                return await self._take(inside, letter, listed[uid], say.size_of(size))
        return None

    async def _take(
        self, inside: Inside, letter: Letter, number: int, size: int | None
    ) -> Letter | Missing:
        """Read the message where it is not too long, and mark it to be deleted by the farewell."""
        lines = [] if self._account.receive.keep else [say.delete_line(number)]
        if whole := size is not None and size <= MESSAGE_BYTES:
            lines.insert(0, say.retrieve_line(number))
        replies = await self._say(inside, *lines) if lines else ()
        if isinstance(replies, Missing):
            return replies
        if whole:
            letter = Letter(identifier=letter.identifier, raw=say.text(replies[0]), whole=True)
            if replies[0].code != "+OK" or not carries(letter.header, self._nonce):
                await self._say(inside, b"RSET")  # takes the mark away again
                return failure(Cause.MALFORMED, "the server gives another message than it found")
        self._deleted = not self._account.receive.keep and replies[-1].code == "+OK"
        return letter

    async def _say(self, inside: Inside, *lines: bytes) -> tuple[Reply, ...] | Missing:
        pipelined = "PIPELINING" in inside.offered.names
        return await inside.run(say.batch(lines, pipelined=pipelined))
