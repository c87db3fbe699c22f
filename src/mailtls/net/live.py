"""The live network: plain non-blocking sockets under asyncio, without read-ahead.

asyncio's StreamReader is not used: it keeps what arrived before a TLS upgrade and hands it out
after it (CPython issue 118642), and those bytes are evidence here.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import ipaddress
import socket
import termios
from collections.abc import Callable

from mailtls.evidence import Missing, Resolved
from mailtls.net.dns import Resolver, sort_addresses
from mailtls.net.interface import StreamError
from mailtls.terms import Cause

READ_SIZE = 65536

_QUICK: int | None = getattr(socket, "TCP_QUICKACK", None)

_CAUSES = {
    errno.ECONNREFUSED: Cause.REFUSED,
    errno.ETIMEDOUT: Cause.TIMED_OUT,
    errno.ENETUNREACH: Cause.UNREACHABLE,
    errno.EHOSTUNREACH: Cause.UNREACHABLE,
    errno.ENETDOWN: Cause.UNREACHABLE,
    errno.EADDRNOTAVAIL: Cause.UNREACHABLE,
    errno.EAFNOSUPPORT: Cause.UNREACHABLE,
    errno.EACCES: Cause.UNREACHABLE,
    errno.EPERM: Cause.UNREACHABLE,
    errno.ECONNRESET: Cause.RESET,
    errno.EPIPE: Cause.RESET,
    errno.ECONNABORTED: Cause.RESET,
}

_WORDS = {
    Cause.REFUSED: "connection refused",
    Cause.TIMED_OUT: "no answer to the connection request",
    Cause.UNREACHABLE: "no route to this address from here",
    Cause.RESET: "the connection was reset",
}


def translate(error: OSError) -> StreamError:
    """Return the one exception of this seam for an error of the operating system."""
    cause = _CAUSES.get(error.errno or 0, Cause.UNREACHABLE)
    words = _WORDS[cause]
    if error.errno not in _CAUSES:
        words = f"{words} ({errno.errorcode.get(error.errno or 0, 'unknown error')})"
    return StreamError(cause, words)


class LiveStream:
    """A connected socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        """Write all of `data`."""
        try:
            await self._loop.sock_sendall(self._socket, data)
        except OSError as error:
            raise translate(error) from error

    async def receive(self) -> bytes:
        """Return what has arrived, b"" at the end of the stream, if the peer had read to here."""
        try:
            if _QUICK is not None:
                # A server that waits for the receipt of one small record before it sends the next, as
                # of a session ticket before a reply, would wait 40 ms for it. Linux takes the wish back
                # by itself.
                self._socket.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)
            data = await self._loop.sock_recv(self._socket, READ_SIZE)
        except OSError as error:
            raise translate(error) from error
        if not data and self._is_unread():
            # The reset is on its way: the peer had closed before it took what was sent.
            raise StreamError(Cause.RESET, _WORDS[Cause.RESET])
        return data

    def _is_unread(self) -> bool:
        """Return whether bytes are out that the peer's kernel has not acknowledged (tcp(7), SIOCOUTQ)."""
        try:
            return any(fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4)))
        except OSError:
            return False

    async def half_close(self) -> None:
        """Send FIN and keep reading."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            return  # the peer has already gone: there is nobody left to tell

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class LiveNetwork:
    """The network of this machine; `on_wait` is called each time it has begun to wait for an answer."""

    def __init__(self, resolver: Resolver, *, on_wait: Callable[[], object] = lambda: None) -> None:
        self._resolver = resolver
        self._on_wait = on_wait

    async def connect(self, address: str, port: int) -> LiveStream:
        """Open a TCP connection to one address, without a second try."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            connection = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            raise translate(error) from error
        try:
            connection.setblocking(False)
            # A command and its injected companion have to leave in one segment, and no reply may
            # wait for Nagle's algorithm.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            loop = asyncio.get_running_loop()
            loop.call_soon(self._on_wait)  # which is when the next line has sent its packet
            await loop.sock_connect(connection, (address, port))
        except OSError as error:
            connection.close()
            raise translate(error) from error
        except BaseException:
            connection.close()
            raise
        return LiveStream(connection)

    async def resolve(self, host: str) -> Resolved | Missing:
        """Return every address of a name, or the literal itself."""
        try:
            literal = ipaddress.ip_address(host)
        except ValueError:
            asyncio.get_running_loop().call_soon(self._on_wait)
            return await self._resolver.addresses(host)
        return Resolved(addresses=sort_addresses([str(literal)]))
