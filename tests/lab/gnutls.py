"""gnutls-serv, GnuTLS' own server: it listens on every address, so it has a network of its own."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from lab.pki import Identity
from lab.process import PATIENCE, PAUSE, Daemon, LabError, listening, require

PORT = 5556
ADDRESS = "127.0.0.1"
T = TypeVar("T")


class GnutlsServ(Daemon):
    """One gnutls-serv with anonymous credentials too, on `PORT` of `ADDRESS` in its own network."""

    def __init__(self, folder: Path, identity: Identity, *, priority: str) -> None:
        folder.mkdir(mode=0o755)
        program = [
            require("gnutls-serv", "gnutls-bin"),
            "--quiet",
            "--noticket",
            "--disable-client-cert",
        ]
        program += ["--port", str(PORT), "--priority", priority]
        program += ["--x509keyfile", str(identity.key_file)]
        program += ["--x509certfile", str(identity.chain_file)]
        start = 'ip link set lo up && exec "$@"'
        super().__init__(
            argv=[require("unshare", "util-linux"), "--net", "sh", "-c", start, "sh", *program],
            listens=[],
            log_file=folder / "gnutls-serv.log",
        )
        self._within: ThreadPoolExecutor | None = None

    def ready(self) -> None:
        """Wait until it listens in its own network."""
        deadline = time.monotonic() + PATIENCE
        while not self._listens_inside():
            if time.monotonic() > deadline or not self.pids():
                raise LabError(f"gnutls-serv does not listen:\n{self.log()}")
            time.sleep(PAUSE)
        self._within = ThreadPoolExecutor(1, initializer=_enter, initargs=(self.pid,))

    def _listens_inside(self) -> bool:
        own, its = (Path(f"/proc/{process}/ns/net").stat() for process in ("self", self.pid))
        return own.st_ino != its.st_ino and ("0.0.0.0", PORT) in listening(self.pid)  # noqa: S104

    def inside(self, call: Callable[[], T]) -> T:
        """Return what `call` returns when it runs in the server's network."""
        assert self._within is not None
        return self._within.submit(call).result()

    @property
    def way_in(self) -> list[str]:
        """What runs a command in the server's network."""
        return [require("nsenter", "util-linux"), "--target", str(self.pid), "--net"]

    def ended(self) -> None:
        """Wait until no process is left."""
        if self._within is not None:
            self._within.shutdown()
        super().ended()


def _enter(process: int) -> None:
    """Move this thread, and no other, into the network of a process (setns(2))."""
    with Path(f"/proc/{process}/ns/net").open("rb") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0):
            raise OSError(ctypes.get_errno(), "setns")
