"""What a run is given besides its policy: files to write and to trust, and a name for itself."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import TextIO

from mailtls.errors import DOCS, UsageError

_HOST_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


def open_report(path: Path) -> TextIO:
    """Open a report file before the first connection: a wrong path costs the user no probe."""
    try:
        return path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(
            f"--report {path}: {error.strerror}",
            fix="name a file in a folder that exists and that this user may write to",
            more=f"{DOCS}reports.md",
        ) from error


def read_anchors(path: Path | None) -> bytes:
    """Return the PEM of `--ca-file`, b"" without one."""
    if path is None:
        return b""
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"--ca-file {path}: {error.strerror}",
            fix="name a PEM file of root certificates that this user may read",
        ) from error
    if b"-----BEGIN CERTIFICATE-----" not in pem:
        raise UsageError(
            f"--ca-file {path}: holds no PEM certificate",
            fix="DER becomes PEM by `openssl x509 -inform der -in FILE -out FILE.pem`",
        )
    return pem


def client_name(given: str | None) -> str:
    """Return the name for EHLO: a full host name (RFC 5321 4.1.1.1), or one that is reserved."""
    if given is not None:
        if not _HOST_NAME.fullmatch(given):
            raise UsageError(
                f"--client-name {given}: not a full host name",
                fix="write a name with a domain, as probe.example.org (RFC 5321 section 4.1.1.1)",
            )
        return given
    own = socket.gethostname()
    return own if _HOST_NAME.fullmatch(own) else "mailtls.invalid"
