"""A mailbox read by IMAP (RFC 9051): one session, which is open before the message is sent."""

from __future__ import annotations

import asyncio

from mailtls.delivery.credentials import Credential
from mailtls.delivery.mailbox.account import Account, place_of
from mailtls.delivery.mailbox.base import Letter, Place, Trouble
from mailtls.delivery.mailbox.imap_session import SHORTEST_IDLE, ImapSession
from mailtls.delivery.tools import MailboxTools
from mailtls.delivery.visit import Inside, Visited
from mailtls.evidence import Line, Missing
from mailtls.policy.delivery import Receive


class ImapMailbox:
    """A `base.Mailbox`; INBOX alone is looked into."""

    head_start = 0.5

    def __init__(self, receive: Receive, nonce: str, tools: MailboxTools) -> None:
        self._account = Account(receive=receive, tools=tools)
        self._nonce = nonce
        self._session: ImapSession | None = None
        self._visit: asyncio.Task[Visited[Trouble | None]] | None = None
        self._over = asyncio.Event()
        self._lost: Missing | None = None
        self._lines: tuple[Line, ...] = ()
        self._place = Place(address="", version="", cipher="")

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return what was said, once the session has ended."""
        return self._lines

    @property
    def place(self) -> Place:
        """Return where the session is."""
        return self._place

    async def prepare(self) -> Trouble | None:
        """Log in and open INBOX."""
        credential = await self._account.credential()
        if not isinstance(credential, Credential):
            return credential
        opened = asyncio.Event()

        async def transact(inside: Inside) -> Trouble | None:
            return await self._hold(inside, credential, opened)

        self._visit = asyncio.create_task(self._account.visit(transact))
        waiting = asyncio.create_task(opened.wait())
        await asyncio.wait({self._visit, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        return None if self._session is not None else await self._end()

    async def look(self) -> Letter | Trouble | None:
        """Search once."""
        assert self._session is not None
        found = await self._session.look()
        self._lost = found if isinstance(found, Missing) else None
        return found

    async def rest(self, seconds: float, left: float) -> bool:
        """Wait by IDLE, where the server has it."""
        assert self._session is not None
        return await self._session.wait(min(max(seconds, SHORTEST_IDLE), left))

    async def finish(self, letter: Letter | None) -> bool:
        """Delete the message, and log out."""
        deleted = False
        if self._session is not None and letter is not None and not self._account.receive.keep:
            deleted = await self._session.remove(letter)
        await self._end()
        return deleted

    def close(self) -> None:
        """Drop the session where it is still on."""
        if self._visit is not None:
            self._visit.cancel()

    async def _hold(
        self, inside: Inside, credential: Credential, opened: asyncio.Event
    ) -> Trouble | None:
        """Keep the session while the mailbox is used; a lost one is told, so that nobody says goodbye."""
        if (trouble := await self._account.enter(inside, credential)) is not None:
            return trouble
        session = ImapSession(inside, self._nonce, seconds=self._account.tools.seconds)
        if (trouble := await session.open(read_only=self._account.receive.keep)) is not None:
            return trouble
        self._session = session
        self._place = place_of(inside)
        opened.set()
        await self._over.wait()
        inside.renew(self._account.tools.seconds)  # for the farewell, however long that was
        return self._lost

    async def _end(self) -> Trouble | None:
        """Let the session end, and return why there was none."""
        self._over.set()
        if self._visit is None:
            return None
        visited = await self._visit
        self._lines = visited.transcript
        return visited.outcome
