"""Connections by way of a SOCKS5 proxy (RFC 1928): for ports that the machine's own network blocks.

Names are resolved here, as without a proxy, and the proxy is given addresses: every address stays
a target of its own. What the proxy says of a connection is told as if this machine had met it,
except that a proxy which fails without a reason leaves the question open.
"""

from __future__ import annotations

import asyncio
import socket

from mailtls.evidence import Missing, Resolved
from mailtls.net.interface import StreamError
from mailtls.net.live import LiveNetwork, LiveStream
from mailtls.net.routes import SocksProxy
from mailtls.terms import Cause

# Reply codes of RFC 1928 section 6.
_CAUSES = {
    0x03: Cause.UNREACHABLE,
    0x04: Cause.UNREACHABLE,
    0x05: Cause.REFUSED,
    0x06: Cause.TIMED_OUT,
}
_WORDS = {
    0x02: "the proxy's rules do not allow it",
    0x03: "the proxy has no route to the network",
    0x04: "the proxy has no route to the host",
    0x05: "connection refused",
    0x06: "no answer to the proxy's connection request",
}


class ProxyNetwork:
    """The network behind a proxy; a `net.interface.Network`."""

    def __init__(self, proxy: SocksProxy, direct: LiveNetwork) -> None:
        self._proxy = proxy
        self._direct = direct

    async def resolve(self, host: str) -> Resolved | Missing:
        """Resolve as without the proxy."""
        return await self._direct.resolve(host)

    async def connect(self, address: str, port: int) -> LiveStream:
        """Open a connection to an IP literal through the proxy; raises StreamError."""
        # Late: 30 ms that no run without a proxy pays.
        from python_socks import ProxyConnectionError, ProxyError, ProxyType
        from python_socks.async_.asyncio import Proxy

        proxy = Proxy(
            ProxyType.SOCKS5,
            self._proxy.host,
            self._proxy.port,
            username=self._proxy.user or None,
            password=self._proxy.password or None,
            loop=asyncio.get_running_loop(),
        )
        try:
            # The caller has a deadline of its own, which is the shorter one.
            connection = await proxy.connect(address, port, timeout=3600)
        except ProxyConnectionError as error:
            raise StreamError(Cause.UNREACHABLE, "the proxy does not answer") from error
        except ProxyError as error:
            code = error.error_code or 0
            cause = _CAUSES.get(code, Cause.UNREACHABLE)
            words = _WORDS.get(code, "the proxy could not connect, and does not say why")
            raise StreamError(cause, words) from error
        except OSError as error:
            raise StreamError(Cause.UNREACHABLE, "the proxy ended the connection") from error
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return LiveStream(connection)
