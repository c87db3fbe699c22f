"""A mail server on loopback: one listener, one thread for each connection, ended with the block."""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from mailtls.pure import pure
from mailtls.responder.authority import Identity
from mailtls.responder.scripts import SCRIPTS, Scene
from mailtls.terms import Mode, Protocol

IDLE_SECONDS = 10.0
"""How long a connection may be silent; a client of the demo never is."""

LINE_LIMIT = 4096

_SUITES = "ECDHE+AESGCM:ECDHE+CHACHA20"  # RFC 9325 section 4; TLS 1.3 has its own


@pure
class Behaviour:
    """How a responder behaves: what it really speaks, and what is wrong with it.

    `starttls` is whether an upgrade is offered; `old_tls` accepts TLS 1.0 and the suites of its time.
    """

    host: str
    protocol: Protocol
    mode: Mode
    identity: Identity
    starttls: bool = True
    old_tls: bool = False


class Responder:
    """A listener on a free port of 127.0.0.1; use as a context manager."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._context = _context(behaviour)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A blocked accept() is not woken by close() alone; shutdown() ends it on Linux.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(IDLE_SECONDS)
        # Whatever a client does to its connection ends that connection and nothing else.
        with contextlib.suppress(OSError, ValueError), contextlib.closing(connection):
            if self._behaviour.mode is Mode.IMPLICIT:
                self._talk(self._wrap(connection), tls=True, greet=True)
            elif self._talk(connection, tls=False, greet=True):
                self._talk(self._wrap(connection), tls=True, greet=False)

    def _wrap(self, connection: socket.socket) -> ssl.SSLSocket:
        return self._context.wrap_socket(connection, server_side=True)

    def _talk(self, connection: socket.socket, *, tls: bool, greet: bool) -> bool:
        """Hold the dialogue; return whether the client is to be upgraded."""
        script = SCRIPTS[self._behaviour.protocol]
        scene = Scene(host=self._behaviour.host, tls=tls, starttls=self._behaviour.starttls)
        with contextlib.closing(connection) if tls else contextlib.nullcontext():
            if greet:
                connection.sendall(script.greet(scene).encode())
            for line in _lines(connection):
                answer = script.answer(scene, line)
                connection.sendall(answer.text.encode())
                if answer.start_tls or answer.hang_up:
                    return answer.start_tls
        return False


def _lines(connection: socket.socket) -> Iterator[str]:
    """Yield the client's lines; what follows a line in one segment waits for the next turn."""
    buffer = b""
    while len(buffer) < LINE_LIMIT:
        line, end, rest = buffer.partition(b"\n")
        if end:
            buffer = rest
            yield line.strip().decode("latin-1")
            continue
        data = connection.recv(LINE_LIMIT)
        if not data:
            return
        buffer += data


def _context(behaviour: Behaviour) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_SUITES)
    if behaviour.old_tls:
        context.set_ciphers(f"{_SUITES}:ECDHE+AES:@SECLEVEL=0")
        # The floor of the library itself: the one setting that admits TLS 1.0 without naming a
        # version that the standard library warns about.
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder) / "identity.pem"
        pem.touch(mode=0o600)
        pem.write_bytes(behaviour.identity.chain + behaviour.identity.key)
        context.load_cert_chain(pem)
    return context
