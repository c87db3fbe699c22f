"""Connections opened before anybody asks for them, so that loading the program costs no round trip."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from mailtls.evidence import Missing, Resolved
from mailtls.net.interface import Network, Stream

Choose = Callable[[tuple[str, ...]], tuple[str, ...]]


class AheadNetwork:
    """A `net.interface.Network` over another. What was opened ahead goes to whom first asks for it.

    As a context manager it closes at its end what nobody has asked for.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._dials: dict[str, asyncio.Task[Stream | None]] = {}
        self._found: dict[str, asyncio.Future[Resolved | Missing]] = {}
        self._dialled: dict[str, tuple[int, str]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        left = list(self._dials.values())
        for dial in left:
            dial.cancel()
        for stream in await asyncio.gather(*left, return_exceptions=True):
            if stream is not None and not isinstance(stream, BaseException):
                stream.close()

    def dial(self, host: str, port: int, choose: Choose) -> None:
        """Resolve `host`, and connect to the first of its addresses that `choose` returns.

        No host and no address is dialled twice, whatever the port. The packet leaves in the loop's
        next turn, where the name needs no resolver.
        """
        if host in self._found:
            return
        found = self._found[host] = asyncio.get_running_loop().create_future()

        def ended(dial: asyncio.Task[Stream | None]) -> None:
            if not found.done():
                found.cancel()
            if not dial.cancelled():
                dial.exception()  # whom it concerns hears of it: nobody else has to

        self._dials[host] = asyncio.create_task(self._dial(host, port, choose))
        self._dials[host].add_done_callback(ended)

    async def _dial(self, host: str, port: int, choose: Choose) -> Stream | None:
        found = await self._network.resolve(host)
        self._found[host].set_result(found)
        for address in () if isinstance(found, Missing) else choose(found.addresses)[:1]:
            if address not in self._dialled:
                self._dialled[address] = port, host
                return await self._network.connect(address, port)
        return None

    async def resolve(self, host: str) -> Resolved | Missing:
        """Return every address of a host, asked for ahead or now."""
        if host not in self._found:
            return await self._network.resolve(host)
        return await asyncio.shield(self._found[host])

    async def connect(self, address: str, port: int) -> Stream:
        """Return the connection that was opened ahead, once, or open one; raises StreamError."""
        dialled, host = self._dialled.get(address, (0, ""))
        opened = self._dials.pop(host, None) if dialled == port else None
        stream = None if opened is None else await opened
        return await self._network.connect(address, port) if stream is None else stream
