"""A server that only shakes hands, with tlslite-ng: SSL 3.0, NULL, RC4, hybrids with ML-KEM.

`server` starts this file as a program: ADDRESS PORT CHAIN KEY SETTINGS, the last as JSON.
"""

from __future__ import annotations

import json
import socketserver
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.pki import Identity
    from lab.process import Daemon


def server(
    folder: Path, address: str, identity: Identity, *, port: int, settings: Mapping[str, object]
) -> Daemon:
    """Return the server; `settings` are fields of tlslite's HandshakeSettings."""
    from lab.process import Daemon

    folder.mkdir(mode=0o755)
    files = [str(identity.chain_file), str(identity.key_file)]
    return Daemon(
        argv=[sys.executable, __file__, address, str(port), *files, json.dumps(settings)],
        listens=[(address, port)],
        log_file=folder / "server.log",
    )


def _serve(address: str, port: int, chain_file: str, key_file: str, wanted: str) -> None:
    from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey

    chain = X509CertChain()
    chain.parsePemList(Path(chain_file).read_text())
    key = parsePEMKey(Path(key_file).read_text(), private=True)
    settings = HandshakeSettings()
    for name, value in json.loads(wanted).items():
        setattr(settings, name, tuple(value) if name.endswith("Version") else value)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            connection = TLSConnection(self.request)
            with suppress(Exception):  # a client that goes away, by whatever class
                connection.handshakeServer(certChain=chain, privateKey=key, settings=settings)
                connection.close()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server((address, port), Handler) as listener:
        listener.serve_forever()


if __name__ == "__main__":
    _address, _port, *_more = sys.argv[1:]
    _serve(_address, int(_port), *_more)
