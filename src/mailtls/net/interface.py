"""What the rest of the program may ask of a network. `live` is the real one, tests have their own."""

from __future__ import annotations

from typing import Protocol

from mailtls.evidence import Missing, Resolved
from mailtls.terms import Cause


class StreamError(Exception):
    """A connection that failed; the only exception that crosses this seam."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail


class Stream(Protocol):
    """One TCP connection. Deadlines are the caller's: every call may be cancelled."""

    async def send(self, data: bytes) -> None:
        """Write all of `data`; raises StreamError."""
        ...

    async def receive(self) -> bytes:
        """Return what has arrived, at most 64 KiB, b"" at the end of the stream; raises StreamError."""
        ...

    async def half_close(self) -> None:
        """Say that nothing more will be sent; never raises."""
        ...

    def close(self) -> None:
        """Give the connection back; never raises."""
        ...


class Network(Protocol):
    """Where connections and addresses come from."""

    async def connect(self, address: str, port: int) -> Stream:
        """Open a TCP connection to an IP literal; raises StreamError."""
        ...

    async def resolve(self, host: str) -> Resolved | Missing:
        """Return every address of a DNS name or literal, sorted, IPv4 first."""
        ...
