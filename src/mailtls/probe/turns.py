"""Whose turn it is to connect to one address: some at once, or gently, one after another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

GENTLE_SECONDS = 1.0
"""Least time between the starts of two connections to an address that is treated gently."""


class Turns:
    """The turns of one address; `async with` takes one.

    At most `most` are taken at once. From `be_gentle` on it is one at a time, and no two start within
    `GENTLE_SECONDS`; turns taken before go on. `clock` gives seconds and `sleep` waits for them.
    """

    def __init__(
        self,
        most: int,
        *,
        gentle: bool,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._most = 1 if gentle else most
        self._gentle = gentle
        self._taken = 0
        self._reserved = False
        self._next_start = 0.0
        self._free = asyncio.Condition()
        self._clock = clock
        self._sleep = sleep

    def be_gentle(self) -> None:
        """Treat the address gently from now on; a server that throttles has asked for it."""
        self._most = 1
        if not self._gentle:
            self._gentle = True
            self._next_start = self._clock() + GENTLE_SECONDS

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Take a turn when no other is taken, `GENTLE_SECONDS` after the last of them; none is beside it.

        The server may take a moment to see that a connection has ended.
        """
        async with self._free:
            await self._free.wait_for(lambda: not self._reserved)
            self._reserved = True
        try:
            async with self._free:
                await self._free.wait_for(lambda: not self._taken)
            await self._sleep(GENTLE_SECONDS)
            self._next_start = self._clock() + GENTLE_SECONDS
            yield
        finally:
            async with self._free:
                self._reserved = False
                self._free.notify_all()

    async def __aenter__(self) -> Self:
        async with self._free:
            await self._free.wait_for(lambda: self._taken < self._most and not self._reserved)
            self._taken += 1
        if self._gentle:
            try:
                await self._sleep(max(0.0, self._next_start - self._clock()))
            except BaseException:
                await self.__aexit__()
                raise
            self._next_start = self._clock() + GENTLE_SECONDS
        return self

    async def __aexit__(self, *_: object) -> None:
        async with self._free:
            self._taken -= 1
            self._free.notify_all()

    @asynccontextmanager
    async def until(self, deadline: float, *, alone: bool = False) -> AsyncIterator[bool]:
        """Take a turn, or give False where none comes before `deadline`, in seconds of the clock."""
        mine = False
        left = deadline - self._clock()
        async with AsyncExitStack() as taken:
            if left > 0:
                try:
                    async with asyncio.timeout(left):
                        await taken.enter_async_context(self.alone() if alone else self)
                        mine = True
                except TimeoutError:
                    pass
            yield mine
