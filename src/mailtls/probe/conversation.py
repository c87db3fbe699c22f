"""The one loop between an engine and a connection: send, read under the deadline, feed, stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from mailtls.engine import Engine
from mailtls.evidence import Missing
from mailtls.net.interface import Stream, StreamError
from mailtls.terms import Cause

T = TypeVar("T")

BYTE_LIMIT = 1 << 20
"""Bytes taken from one connection. A session with a 100 KiB certificate chain needs a tenth."""


class Channel(Protocol):
    """An open TLS session as a sans-IO engine: plaintext on one side, records on the other."""

    def write(self, data: bytes) -> None:
        """Take plaintext to be encrypted."""
        ...

    def read(self) -> bytes:
        """Return the plaintext that has arrived."""
        ...

    def data_to_send(self) -> bytes:
        """Return the records to be written now."""
        ...

    def receive_data(self, data: bytes) -> None:
        """Take records from the peer."""
        ...

    def close_notify(self) -> None:
        """Say that nothing more will be written (RFC 8446 6.1)."""
        ...


class BoundedStream:
    """A stream that ends after `limit` bytes, whatever the peer still has to say.

    `received` counts the bytes so far, `first` keeps the first read: what a port speaks is told
    from it. `on_first` is called with it.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        limit: int = BYTE_LIMIT,
        on_first: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        self._stream = stream
        self._on_first = on_first
        self._limit = limit
        self.received = 0
        self.first = b""

    async def send(self, data: bytes) -> None:
        """Write through."""
        await self._stream.send(data)

    async def receive(self) -> bytes:
        """Read through, until the limit."""
        data = await self._stream.receive()
        if data and not self.first:
            self.first = data
            self._on_first(data)
        self.received += len(data)
        if self.received > self._limit:
            raise StreamError(Cause.MALFORMED, f"the peer sent more than {self._limit} bytes")
        return data

    async def half_close(self) -> None:
        """Pass through."""
        await self._stream.half_close()

    def close(self) -> None:
        """Pass through."""
        self._stream.close()


class TlsStream:
    """The plaintext side of a TLS session that runs over another stream."""

    def __init__(self, stream: Stream, channel: Channel) -> None:
        self._stream = stream
        self._channel = channel

    async def send(self, data: bytes) -> None:
        """Encrypt and write."""
        self._channel.write(data)
        await self._stream.send(self._channel.data_to_send())

    async def receive(self) -> bytes:
        """Return plaintext; records that carry none, as session tickets, are passed over."""
        while not (data := self._channel.read()):
            records = await self._stream.receive()
            if not records:
                return b""
            self._channel.receive_data(records)
            if reply := self._channel.data_to_send():
                await self._stream.send(reply)
        return data

    async def half_close(self) -> None:
        """Send close_notify, then FIN."""
        self._channel.close_notify()
        try:
            await self._stream.send(self._channel.data_to_send())
        except StreamError:
            return  # the peer closed first
        await self._stream.half_close()

    def close(self) -> None:
        """Close the stream beneath."""
        self._stream.close()


def nothing() -> None:
    """Do nothing while an answer is on its way."""


async def converse(
    stream: Stream,
    engine: Engine[T],
    *,
    seconds: float,
    meanwhile: Callable[[], object] = nothing,
) -> T | Missing:
    """Run `engine` on `stream` until it has an outcome, at most `seconds` in all.

    `meanwhile` is called once, when the first words are on their way.
    """
    try:
        async with asyncio.timeout(seconds):
            while True:
                if data := engine.data_to_send():
                    await stream.send(data)
                if (outcome := engine.outcome) is not None:
                    return outcome
                meanwhile()
                meanwhile = nothing
                if data := await stream.receive():
                    engine.receive_data(data)
                else:
                    engine.receive_eof()
    except TimeoutError:
        return Missing(
            phase=engine.phase,
            cause=Cause.TIMED_OUT,
            detail=f"no complete answer within {seconds:.3g} s",
        )
    except StreamError as error:
        return Missing(phase=engine.phase, cause=error.cause, detail=error.detail)


async def within(awaited: Awaitable[T], *, seconds: float) -> T | None:
    """Return what is awaited, None where that takes longer; it goes on either way."""
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.shield(awaited)
    except TimeoutError:
        return None


async def drain(stream: Stream, *, seconds: float) -> bool:
    """Half-close, then read to the end; return whether the peer ended the connection too.

    The server is not left with an aborted session: Exim lingers on aborted handshakes and refuses
    the next connection when twenty pile up.
    """
    try:
        async with asyncio.timeout(seconds):
            await stream.half_close()
            while await stream.receive():
                pass
    except TimeoutError:
        return False
    except StreamError:
        return True
    return True
