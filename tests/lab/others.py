"""Servers beyond Postfix and Dovecot: two that are vulnerable, and Exim."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from lab import packages
from lab.pki import Identity
from lab.process import Daemon, require

EXIM = ("exim4-daemon-light", "exim4-base", "libidn12")
_USER_ID = 30_101  # of no user of Debian's (policy 9.2.2)


def aiosmtpd(folder: Path, address: str, identity: Identity, *, port: int = 587) -> Daemon:
    """Return aiosmtpd 1.4.5, which demands TLS and carries out what was said before it."""
    return _python(
        folder,
        packages.python_server("aiosmtpd"),
        ["-m", "aiosmtpd", "--nosetuid", "--listen", f"{address}:{port}"],
        ["--tlscert", str(identity.chain_file), "--tlskey", str(identity.key_file)],
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
    folder: Path, installed: Path, program: list[str], more: list[str], *, listens: tuple[str, int]
) -> Daemon:
    folder.mkdir(mode=0o755)
    environment = require("env", "coreutils")
    return Daemon(
        argv=[environment, f"PYTHONPATH={installed}", sys.executable, *program, *more],
        listens=[listens],
        log_file=folder / "server.log",
    )


def exim(
    folder: Path,
    address: str,
    identity: Identity,
    *,
    port: int = 25,
    options: Mapping[str, str] | None = None,
) -> Daemon:
    """Return Debian's Exim with TLS and its own limits, in a mount namespace that knows its user.

    The program refuses to start without the user it was built for: copies of passwd and group that
    hold it are laid over those of the system, for this one process and its children.
    """
    files = packages.debian(*EXIM)
    for part in (folder, folder / "spool", folder / "log"):
        part.mkdir(mode=0o755)
    for name, line in (
        ("passwd", f"Debian-exim:x:{_USER_ID}:{_USER_ID}::{folder}:/usr/sbin/nologin"),
        ("group", f"Debian-exim:x:{_USER_ID}:"),
    ):
        (folder / name).write_text(Path("/etc", name).read_text() + line + "\n")
    for part in ("spool", "log"):
        os.chown(folder / part, _USER_ID, _USER_ID)
    key = folder / "key.pem"
    key.write_bytes(identity.key_file.read_bytes())
    os.chown(key, _USER_ID, _USER_ID)
    key.chmod(0o600)
    parameters = {
        "primary_hostname": "mail.example.test",
        "spool_directory": str(folder / "spool"),
        "log_file_path": str(folder / "log" / "%slog"),
        "local_interfaces": address,
        "daemon_smtp_ports": str(port),
        "tls_advertise_hosts": "*",
        "tls_certificate": str(identity.chain_file),
        "tls_privatekey": str(key),
        "acl_smtp_rcpt": "check_rcpt",
        **(options or {}),
    }
    config = folder / "exim.conf"
    config.write_text(
        "".join(f"{name} = {value}\n" for name, value in parameters.items())
        + "begin acl\ncheck_rcpt:\n  deny message = relay not permitted\n"
        "check_mail:\n  deny !encrypted = *\n       message = TLS first\n  accept\n"
    )
    libraries = files / "usr/lib/x86_64-linux-gnu"
    binds = "".join(
        f"mount --bind {shlex.quote(str(folder / name))} /etc/{name} && "
        for name in ("passwd", "group")
    )
    program = shlex.join([str(files / "usr/sbin/exim4"), "-C", str(config), "-bdf"])
    script = f"{binds}LD_LIBRARY_PATH={shlex.quote(str(libraries))} exec {program}"
    return Daemon(
        argv=[require("unshare", "util-linux"), "--mount", "sh", "-c", script],
        listens=[(address, port)],
        log_file=folder / "log" / "mainlog",
    )
