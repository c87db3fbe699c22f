"""A TLS server that shows the certificates asked for by server name: OpenSSL's own, in this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, Self

from cryptography import x509
from OpenSSL import SSL

SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a server name is answered with: the leaf's key, the chain as sent, and a staple.

    `second` is a leaf with a key of another kind, for clients that want that.
    """

    key: Any
    chain: Sequence[x509.Certificate]
    staple: bytes = b""
    second: tuple[Any, x509.Certificate] | None = None


class Menagerie:
    """An IMAP server with implicit TLS on a free port of 127.0.0.1, as a context manager."""

    def __init__(self, cages: Mapping[str, Shown]) -> None:
        self._contexts = {name: _context(shown) for name, shown in cages.items()}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
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
        connection.settimeout(SECONDS)
        with closing(connection), suppress(OSError, SSL.Error):
            tls = SSL.Connection(self._choosing(), None)
            tls.set_accept_state()
            _shake(tls, connection)
            self._say(tls, connection, b"* OK menagerie ready\r\n")
            text = b""
            while not text.endswith(b"LOGOUT\r\n"):
                text += _hear(tls, connection)
                while b"\r\n" in text:
                    line, _, text = text.partition(b"\r\n")
                    tag, _, command = line.partition(b" ")
                    if command.upper() == b"CAPABILITY":
                        self._say(tls, connection, b"* CAPABILITY IMAP4rev1\r\n")
                    self._say(tls, connection, tag + b" OK done\r\n")
                    if command.upper() == b"LOGOUT":
                        return

    def _choosing(self) -> SSL.Context:
        context = _lenient()

        def choose(tls: SSL.Connection) -> None:
            asked = (tls.get_servername() or b"").decode()
            if asked in self._contexts:
                tls.set_context(self._contexts[asked])

        context.set_tlsext_servername_callback(choose)
        return context

    @staticmethod
    def _say(tls: SSL.Connection, connection: socket.socket, data: bytes) -> None:
        tls.sendall(data)
        _flush(tls, connection)


def _lenient() -> SSL.Context:
    """Return a context that sends certificates which a sane server refuses to load."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_cipher_list(b"ECDHE+AESGCM:@SECLEVEL=0")
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    return context


def _context(shown: Shown) -> SSL.Context:
    context = _lenient()
    leaf, *issuers = shown.chain
    context.use_certificate(leaf)
    for issuer in issuers:
        context.add_extra_chain_cert(issuer)
    context.use_privatekey(shown.key)
    if shown.second is not None:
        context.use_certificate(shown.second[1])
        context.use_privatekey(shown.second[0])
    if shown.staple:
        context.set_ocsp_server_callback(lambda *_: shown.staple)
    return context


def _flush(tls: SSL.Connection, connection: socket.socket) -> None:
    with suppress(SSL.WantReadError):
        while data := tls.bio_read(65536):
            connection.sendall(data)


def _shake(tls: SSL.Connection, connection: socket.socket) -> None:
    while True:
        try:
            tls.do_handshake()
        except SSL.WantReadError:
            _flush(tls, connection)
            _take(tls, connection)
        else:
            _flush(tls, connection)
            return


def _hear(tls: SSL.Connection, connection: socket.socket) -> bytes:
    while True:
        try:
            return tls.recv(65536)
        except SSL.WantReadError:
            _take(tls, connection)


def _take(tls: SSL.Connection, connection: socket.socket) -> None:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError
    tls.bio_write(data)
