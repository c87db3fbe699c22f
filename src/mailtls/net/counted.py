"""A network that counts the connections asked of it, for those that no question stands for."""

from __future__ import annotations

from mailtls.evidence import Missing, Resolved
from mailtls.net.interface import Network, Stream


class CountedNetwork:
    """A `net.interface.Network` over another; `made` counts every connection that was tried."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.made = 0

    async def connect(self, address: str, port: int) -> Stream:
        """Count, and connect; raises StreamError."""
        self.made += 1
        return await self._network.connect(address, port)

    async def resolve(self, host: str) -> Resolved | Missing:
        """Resolve as the network beneath does."""
        return await self._network.resolve(host)
