"""A real SOCKS5 proxy on loopback."""

from __future__ import annotations

from pathlib import Path

from lab.process import Daemon, require

PORT = 1080


def microsocks(folder: Path, address: str) -> Daemon:
    """Return a SOCKS5 proxy that lets everybody through, listening on `PORT` of `address`."""
    folder.mkdir(parents=True, exist_ok=True)
    return Daemon(
        argv=[require("microsocks", "microsocks"), "-i", address, "-p", str(PORT)],
        listens=[(address, PORT)],
        log_file=folder / "proxy.log",
    )
