"""Peers that no real server is: a listener that runs a function of the test for each connection."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from mailtls.net.dns import SystemResolver
from mailtls.net.live import LiveNetwork
from mailtls.probe.attempt import Settings
from mailtls.responder.authority import Authority
from mailtls.tls.path import SystemAnchors

AUTHORITY = Authority(datetime.now(UTC))
NAME = "mail.example.test"


@contextlib.contextmanager
def peer(talk: Callable[[socket.socket], None]) -> Iterator[tuple[int, list[int]]]:
    """Run `talk` on each connection; give the port and a list that grows by one a connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    served: list[int] = []

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(20)
            talk(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            served.append(1)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], served
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def says(*parts: bytes) -> Callable[[socket.socket], None]:
    """Return a talk that sends the parts, one for each thing it is told, then waits for the end."""

    def talk(connection: socket.socket) -> None:
        for number, part in enumerate(parts):
            if number and not connection.recv(4096):
                return
            connection.sendall(part)
        while connection.recv(4096):
            pass

    return talk


def settings() -> Settings:
    """Return the settings of a test run: the test authority is trusted."""
    return Settings(
        client_name="probe.example.test",
        extra_anchors=AUTHORITY.root,
        system_anchors=SystemAnchors,
        randomness=bytes,
        now=lambda: datetime.now(UTC),
    )


def network() -> LiveNetwork:
    """Return the live network of this machine."""
    return LiveNetwork(SystemResolver())
