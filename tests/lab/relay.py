"""A TCP relay that counts round trips: how often the client says something and waits for an answer."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(slots=True)
class Passed:
    """One connection through the relay: the moment of each round trip, by `time.monotonic`.

    The first is the connection itself; each further one begins with bytes of the client that follow
    bytes of the server, and counts when the server answers. Whether it is encrypted does not matter.
    """

    trips: list[float] = field(default_factory=list)


class Relay:
    """Listens on a port of loopback and passes each connection on; a context manager."""

    def __init__(self, address: str, port: int) -> None:
        self._target = (address, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.port: int = self._listener.getsockname()[1]
        self.passed: list[Passed] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            seen = Passed([time.monotonic()])
            self.passed.append(seen)
            threading.Thread(target=self._pass, args=(client, seen), daemon=True).start()

    def _pass(self, client: socket.socket, seen: Passed) -> None:
        with client, socket.create_connection(self._target) as server:
            asked: list[float] = []

            def upwards() -> None:
                with contextlib.suppress(OSError):
                    while data := client.recv(1 << 16):
                        asked.append(time.monotonic())
                        server.sendall(data)
                    server.shutdown(socket.SHUT_WR)

            thread = threading.Thread(target=upwards, daemon=True)
            thread.start()
            with contextlib.suppress(OSError):
                while data := server.recv(1 << 16):
                    seen.trips += asked[:1]
                    asked.clear()
                    client.sendall(data)
                client.shutdown(socket.SHUT_WR)
            thread.join()
