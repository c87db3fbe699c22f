"""A relay in front of a real server that changes how its words arrive, or turns clients away."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self

Distort = Callable[[bytes], list[bytes]]
"""From what the server said in clear at once, to the pieces in which the client gets it."""

SECONDS = 30
_REQUEST = re.compile(rb"^(?:\S+ )?(?:STARTTLS|STLS)\r\n", re.IGNORECASE | re.MULTILINE)
_RECORD = re.compile(rb"(?<=\r\n)[\x14-\x17]\x03")


@dataclass(slots=True)
class Connection:
    """One relayed connection: its number from 1, both ends, and whether the server still speaks clear."""

    number: int
    client: socket.socket
    server: socket.socket
    clear: bool
    asked: bool = field(default=False)


Meddle = Callable[[Connection, bytes], bool]
"""Looks at what the client sent, and the server inside TLS; True takes the connection out of our hands."""


class Relay:
    """Listens on a free port of 127.0.0.1 and passes on, as a context manager."""

    def __init__(
        self,
        target: tuple[str, int],
        *,
        starttls: bool,
        distort: Distort = lambda data: [data],
        meddle: Meddle = lambda _connection, _data: False,
    ) -> None:
        self._target = target
        self._starttls = starttls
        self._distort = distort
        self._meddle = meddle
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._connections: list[Connection] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._listener)
        self._threads[0].join()
        self._listener.close()
        for each in self._connections:
            _end(each.client)
            _end(each.server)
        for thread in self._threads:
            thread.join()
        for each in self._connections:
            each.client.close()
            each.server.close()

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            number += 1
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server = socket.create_connection(self._target, timeout=SECONDS)
            client.settimeout(SECONDS)
            each = Connection(number, client, server, clear=self._starttls)
            self._connections.append(each)
            for way in (self._to_server, self._to_client):
                thread = threading.Thread(target=way, args=(each,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _to_server(self, each: Connection) -> None:
        with contextlib.suppress(OSError):
            for data in _received(each.client):
                each.asked = each.asked or (each.clear and bool(_REQUEST.search(data)))
                if self._meddle(each, data):
                    return
                each.server.sendall(data)
            each.server.shutdown(socket.SHUT_WR)

    def _to_client(self, each: Connection) -> None:
        with contextlib.suppress(OSError):
            for data in _received(each.server):
                # A server that takes what was smuggled for TLS answers it in its go-ahead's segment.
                said, inside = _parted(data) if each.clear else (b"", data)
                pieces = self._distort(said) if said else []
                # Before the go-ahead leaves: the hello that follows it may be here at once.
                each.clear = each.clear and not each.asked
                for piece in pieces:
                    each.client.sendall(piece)
                if inside:
                    if self._meddle(each, inside):
                        return
                    each.client.sendall(inside)
        with contextlib.suppress(OSError):
            each.client.shutdown(socket.SHUT_WR)


def _parted(data: bytes) -> tuple[bytes, bytes]:
    """Return what is said in clear, and the TLS records behind it."""
    found = _RECORD.search(data)
    return (data[: found.start()], data[found.start() :]) if found else (data, b"")


def _end(connection: socket.socket) -> None:
    """Wake whoever waits for it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _received(connection: socket.socket) -> Iterator[bytes]:
    while data := connection.recv(65536):
        yield data


def reset(each: Connection) -> None:
    """End a connection by RST."""
    each.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    each.client.close()
    _end(each.server)
