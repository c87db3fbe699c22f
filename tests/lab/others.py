"""Servers that are no packages of Debian: two in Python that are vulnerable, and maildev."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from lab import packages
from lab.pki import Identity
from lab.process import Daemon, require

MAILDEV = "maildev@3.0.0"


def aiosmtpd(
    folder: Path,
    address: str,
    identity: Identity,
    *,
    port: int = 587,
    release: Literal["1.4.5", "current"] = "1.4.5",
) -> Daemon:
    """Return aiosmtpd, which demands TLS, and in 1.4.5 carries out what was said before it.

    The current one is that of the tests' own requirements. Mail goes to `folder / "mail"`, a
    Maildir.
    """
    tls = ["--tlscert", str(identity.chain_file), "--tlskey", str(identity.key_file)]
    return _python(
        folder,
        packages.python_server("aiosmtpd") if release == "1.4.5" else None,
        ["-m", "aiosmtpd", "--nosetuid", "--listen", f"{address}:{port}", *tls],
        ["--class", "aiosmtpd.handlers.Mailbox", str(folder / "mail")],
        listens=(address, port),
    )


def pymap(folder: Path, address: str, identity: Identity, *, port: int = 143) -> Daemon:
    """Return pymap 0.36.7, an IMAP server that carries out what was said before TLS."""
    tls = ["--cert", str(identity.chain_file), "--key", str(identity.key_file)]
    start = "import sys; from pymap.main import main; sys.exit(main())"
    return _python(
        folder,
        packages.python_server("pymap"),
        ["-c", start, "--no-service", "managesieve"],
        ["--host", address, "--port", str(port), *tls, "dict"],
        listens=(address, port),
    )


def _python(
    folder: Path,
    installed: Path | None,
    program: list[str],
    more: list[str],
    *,
    listens: tuple[str, int],
) -> Daemon:
    folder.mkdir(mode=0o755)
    environment = [f"PYTHONPATH={installed}"] if installed else []
    return Daemon(
        argv=[require("env", "coreutils"), *environment, sys.executable, *program, *more],
        listens=[listens],
        log_file=folder / "server.log",
    )


def maildev(
    folder: Path, address: str, identity: Identity | None, *, port: int = 25, web: int = 1080
) -> Daemon:
    """Return maildev, a mailbox for developers with a REST API on port `web`.

    Without an identity it speaks in clear and offers a login all the same; with one it has
    implicit TLS. STARTTLS it never offers.
    """
    folder.mkdir(mode=0o755)
    program = packages.node("maildev", MAILDEV) / "node_modules/.bin/maildev"
    secure = ["--incoming-secure"] if identity else []
    if identity:
        secure += ["--incoming-cert", str(identity.chain_file)]
        secure += ["--incoming-key", str(identity.key_file)]
    return Daemon(
        argv=[
            *(require("env", "coreutils"), "NO_UPDATE_NOTIFIER=1", str(program)),
            *("--smtp", str(port), "--ip", address, "--web", str(web), "--web-ip", address),
            *("--incoming-user", "user", "--incoming-pass", "lab-password"),
            *secure,
        ],
        listens=[(address, port), (address, web)],
        log_file=folder / "maildev.log",
    )
