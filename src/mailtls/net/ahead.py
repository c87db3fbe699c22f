"""Connections opened before anybody asks for them, so that loading the program costs no round trip."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from mailtls.evidence import Missing, Resolved
from mailtls.net.interface import Network, Stream
from mailtls.pure import pure


@pure
class Wish:
    """Who will be asked: those of a host's addresses that `choose` returns, at one port.

    Where `opens` is False they are, and yet nothing is to be opened ahead.
    """

    host: str
    port: int
    choose: Callable[[tuple[str, ...]], tuple[str, ...]]
    opens: bool = True


class AheadNetwork:
    """A `net.interface.Network` over another. What was opened ahead goes to whom first asks for it.

    As a context manager it closes at its end what nobody has asked for.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._found: dict[str, asyncio.Task[Resolved | Missing]] = {}
        self._dials: dict[tuple[str, int], asyncio.Task[Stream]] = {}
        self._dialling: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for opening in self._dials.values():
            opening.add_done_callback(_close)
        left: list[asyncio.Task[Any]] = [*self._dialling, *self._found.values()]
        left += self._dials.values()
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def dial(self, wishes: Sequence[Wish], *, most: int) -> None:
        """Resolve every host, and connect to the first of its addresses, in the order of the wishes.

        An address belongs to the first that wishes for it, whatever the port, so that nothing is open
        there while others are asked; and only the `most` first addresses are looked at. Where names
        need no resolver the packets leave before this returns.
        """
        for wish in wishes:
            if wish.host not in self._found:
                self._found[wish.host] = asyncio.create_task(self._network.resolve(wish.host))
        self._dialling.append(asyncio.create_task(self._dial(wishes, most)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _dial(self, wishes: Sequence[Wish], most: int) -> None:
        # All names first, as the probe does: a server hangs up on a client that says nothing for long.
        answers = [await self._found[wish.host] for wish in wishes]
        taken: set[str] = set()
        for wish, found in zip(wishes, answers, strict=True):
            addresses = wish.choose(() if isinstance(found, Missing) else found.addresses)[:most]
            most -= len(addresses)
            for address in addresses[:1]:
                if wish.opens and address not in taken:
                    opening = asyncio.create_task(self._network.connect(address, wish.port))
                    self._dials[address, wish.port] = opening
            taken.update(addresses)

    async def resolve(self, host: str) -> Resolved | Missing:
        """Return every address of a host, asked for ahead or now."""
        if host not in self._found:
            return await self._network.resolve(host)
        return await asyncio.shield(self._found[host])

    async def connect(self, address: str, port: int) -> Stream:
        """Return the connection that was opened ahead, once, or open one; raises StreamError."""
        opening = self._dials.pop((address, port), None)
        if opening is None:
            return await self._network.connect(address, port)
        try:
            return await opening
        except asyncio.CancelledError:
            opening.add_done_callback(_close)  # it may have been opened in this very turn
            raise


def _close(opening: asyncio.Task[Stream]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
