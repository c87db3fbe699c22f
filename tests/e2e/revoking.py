"""CAs that publish: lists and responses made by openssl, served on loopback, and a log of who asked."""

from __future__ import annotations

import base64
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import AuthorityInformationAccessOID as Access

from e2e.zoo import NOW, Issued, authority

PEM = serialization.Encoding.PEM

_CONFIG = """\
[ca]
default_ca = own
[own]
database = {folder}/index.txt
crlnumber = {folder}/crlnumber
default_md = sha256
[scope]
issuingDistributionPoint = critical, @point
[point]
{scope}
"""


def pointing(
    *, crl: tuple[str, ...] = (), ocsp: tuple[str, ...] = ()
) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """Return the extensions that name where to ask."""
    found: list[tuple[x509.ExtensionType, bool]] = []
    if crl:
        names = [x509.UniformResourceIdentifier(url) for url in crl]
        point = x509.DistributionPoint(names, None, None, None)
        found.append((x509.CRLDistributionPoints([point]), False))
    if ocsp:
        access = [
            x509.AccessDescription(Access.OCSP, x509.UniformResourceIdentifier(url)) for url in ocsp
        ]
        found.append((x509.AuthorityInformationAccess(access), False))
    return tuple(found)


def _stamp(moment: datetime) -> str:
    return f"{moment:%y%m%d%H%M%SZ}"


class Registry:
    """The books of one CA, as `openssl ca` and `openssl ocsp` keep them."""

    def __init__(self, folder: Path, of: Issued) -> None:
        folder.mkdir()
        self._folder = folder
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(of.certificate.public_bytes(PEM))
        self._keep("ca", of)
        (folder / "crlnumber").write_text("01\n")
        (folder / "index.txt").touch()

    def _keep(self, name: str, issued: Issued) -> Path:
        key = issued.key.private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self._folder / f"{name}.key"
        path.touch(mode=0o600)
        path.write_bytes(key)
        return path

    def enter(self, certificate: x509.Certificate, *, revoked: str = "") -> None:
        """Enter a certificate, revoked for a reason where one is given."""
        state = f"R\t{_stamp(certificate.not_valid_after_utc)}\t{_stamp(NOW)},{revoked}"
        if not revoked:
            state = f"V\t{_stamp(certificate.not_valid_after_utc)}\t"
        serial = f"{certificate.serial_number:X}"
        serial = serial.zfill(len(serial) + len(serial) % 2)
        with (self._folder / "index.txt").open("a") as index:
            index.write(f"{state}\t{serial}\tunknown\t/CN={serial}\n")

    def list(self, *, scope: str = "", dates: tuple[datetime, datetime] | None = None) -> bytes:
        """Return the revocation list, DER, limited to a `scope` in openssl's words."""
        config = self._folder / "ca.cnf"
        config.write_text(_CONFIG.format(folder=self._folder, scope=scope or "onlyuser = FALSE"))
        command = ["openssl", "ca", "-config", str(config), "-gencrl", "-out", "list.pem"]
        command += ["-cert", "ca.pem", "-keyfile", "ca.key"]
        command += ["-crlexts", "scope"] if scope else []
        if dates is None:
            command += ["-crldays", "7"]
        else:
            command += ["-crl_lastupdate", _stamp(dates[0]), "-crl_nextupdate", _stamp(dates[1])]
        self._run(command)
        self._run(["openssl", "crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der"])
        return (self._folder / "list.der").read_bytes()

    def responder(self, delegate: Issued) -> Responder:
        """Return an OCSP responder that answers from the books with a delegated key."""
        (self._folder / "responder.pem").write_bytes(delegate.certificate.public_bytes(PEM))
        self._keep("responder", delegate)
        return Responder(self._answer)

    def _answer(self, request: bytes) -> bytes:
        """Return the response of `openssl ocsp` to a request, both DER."""
        with TemporaryDirectory(dir=self._folder) as folder:
            asked, said = Path(folder, "request.der"), Path(folder, "response.der")
            asked.write_bytes(request)
            command = ["openssl", "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-ndays", "1"]
            command += ["-rsigner", "responder.pem", "-rkey", "responder.key"]
            self._run([*command, "-reqin", str(asked), "-respout", str(said)])
            return said.read_bytes()

    def _run(self, command: list[str]) -> None:
        subprocess.run(command, cwd=self._folder, check=True, capture_output=True, timeout=60)


class _Loopback:
    """An HTTP server on loopback with a port of its own, as a context manager."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    """What the two servers share: whole bodies, and no log."""

    def say(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Responder(_Loopback):
    """The way to `openssl ocsp` by HTTP (RFC 6960 appendix A); its own listener takes every address."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        class Handler(_Handler):
            def do_GET(self) -> None:
                self._respond(base64.b64decode(unquote(self.path.removeprefix("/"))))

            def do_POST(self) -> None:
                self._respond(self.rfile.read(int(self.headers["Content-Length"])))

            def _respond(self, request: bytes) -> None:
                self.say(200, answer(request), ("Content-Type", "application/ocsp-response"))

        super().__init__(Handler)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a path is answered with; `talk` takes the connection over instead."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    talk: Callable[[Any], None] | None = None


class WebServer(_Loopback):
    """An HTTP server that counts what it is asked for."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(_Handler):
            def do_GET(self) -> None:
                asked.append(self.path)
                page = pages.get(self.path, Page(status=404))
                if page.talk is not None:
                    page.talk(self.connection)
                    self.close_connection = True
                    return
                self.say(page.status, page.body, *page.headers)

        super().__init__(Handler)


def endless(connection: Any) -> None:
    """Send a body that does not end, until the client hangs up."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    with suppress(OSError):
        while True:
            connection.sendall(b"\x30\x82" * 32_768)


def published(text: str, issuer: Issued, *urls: str) -> Issued:
    """Return an intermediate that names where its own revocation is published."""
    return authority(text, issuer, *pointing(crl=urls))
