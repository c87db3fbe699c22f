"""A /24 of the loopback net for each test session, so that real port numbers never collide."""

from __future__ import annotations

import os
import socket
from types import TracebackType
from typing import Self

from lab.process import LabError, listening

SUBNETS = 254 * 254  # 127.1.1.0/24 to 127.254.254.0/24; 127.0.0.0/16 stays everyone's own


class Subnet:
    """One 127.x.y.0/24, held until closed: as a context manager, or for the test session.

    The hold is an abstract Unix socket (unix(7)): it belongs to the network namespace as the
    addresses do, and the kernel drops it with the process, however that ends.

    Linux gives connections to any of these addresses the source 127.0.0.1 unless the client binds
    one. So client and server addresses differ, and Dovecot, which takes equal ones for a secured
    connection, announces LOGINDISABLED as it would to a stranger.
    """

    def __init__(self) -> None:
        self._hold = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        busy = {address.rpartition(".")[0] for address, _ in listening()}
        for step in range(SUBNETS):
            high, low = divmod((os.getpid() + step) % SUBNETS, 254)
            self.prefix = f"127.{high + 1}.{low + 1}"
            if self.prefix in busy:
                continue
            try:
                self._hold.bind(f"\0mailtls-lab-{self.prefix}")
            except OSError:
                continue
            break
        else:
            self._hold.close()
            raise LabError("every loopback subnet is taken")
        self._last = 0

    def address(self) -> str:
        """Return an address of the subnet that was not given out before."""
        self._last += 1
        if self._last > 254:
            raise LabError(f"{self.prefix}.0/24 has no address left")
        return f"{self.prefix}.{self._last}"

    def close(self) -> None:
        """Give the subnet back."""
        self._hold.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
