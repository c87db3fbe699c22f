"""CAs that publish: lists and responses made by openssl, served on loopback, and a log of who asked."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

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
        return Responder(self._folder)

    def _run(self, command: list[str]) -> None:
        subprocess.run(command, cwd=self._folder, check=True, capture_output=True, timeout=60)


class Responder:
    """`openssl ocsp` on a port of its own choice; it has no option for the address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = 0

    def __enter__(self) -> Self:
        command = ["openssl", "ocsp", "-port", "0", "-index", "index.txt", "-CA", "ca.pem"]
        command += ["-rsigner", "responder.pem", "-rkey", "responder.key", "-ndays", "1"]
        self._process = subprocess.Popen(
            command,
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := re.search(r"ACCEPT \S*:(\d+)", line):
                self.port = int(found[1])
                return self
        raise AssertionError("openssl ocsp did not start")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a path is answered with; `talk` takes the connection over instead."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    talk: Callable[[Any], None] | None = None


class WebServer:
    """An HTTP server on loopback that counts what it is asked for, as a context manager."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                page = pages.get(self.path, Page(status=404))
                if page.talk is not None:
                    page.talk(self.connection)
                    self.close_connection = True
                    return
                self.send_response(page.status)
                for name, value in page.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(page.body)))
                self.end_headers()
                self.wfile.write(page.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def endless(connection: Any) -> None:
    """Send a body that does not end, until the client hangs up."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    with suppress(OSError):
        while True:
            connection.sendall(b"\x30\x82" * 32_768)


def published(text: str, issuer: Issued, *urls: str) -> Issued:
    """Return an intermediate that names where its own revocation is published."""
    return authority(text, issuer, *pointing(crl=urls))
