"""A log socket in place of /dev/log, for servers that know no other way to log."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

from lab.process import Daemon

_LIMIT = 65536
_PRIORITY = re.compile(r"^<\d+>")
_TIMESTAMP = re.compile(r"^(\w{3} [ \d]\d \d\d:\d\d:\d\d) ")


class Syslog:
    """Writes what syslog(3) sends to `path` into `log_file`, as a syslog daemon writes its files."""

    def __init__(self, path: Path, log_file: Path, *, host: str = "mail") -> None:
        self._path = path
        self._log_file = log_file
        self._host = host
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._write, daemon=True)

    def start(self) -> None:
        """Listen; every user may write."""
        self._socket.bind(str(self._path))
        self._path.chmod(0o666)
        self._thread.start()

    def stop(self) -> None:
        """Write what has arrived, and end."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", str(self._path))
        self._thread.join()
        self._socket.close()

    def _write(self) -> None:
        with self._log_file.open("a", buffering=1) as log:
            while data := self._socket.recv(_LIMIT):
                text = _PRIORITY.sub("", data.decode("utf-8", "backslashreplace"), count=1)
                log.write(_TIMESTAMP.sub(rf"\1 {self._host} ", text).rstrip("\n\0") + "\n")


class SyslogDaemon(Daemon):
    """A server that logs by syslog(3), to a socket that its namespace has in place of /dev/log."""

    def __init__(
        self,
        *,
        argv: Sequence[str],
        listens: Sequence[tuple[str, int]],
        log_file: Path,
        log_socket: Path,
    ) -> None:
        super().__init__(argv=argv, listens=listens, log_file=log_file)
        self._syslog = Syslog(log_socket, log_file)

    def launch(self) -> None:
        """Start the program, and before it what takes its log."""
        self._syslog.start()
        super().launch()

    def ended(self) -> None:
        """Wait until no process is left, and until the log is written."""
        super().ended()
        self._syslog.stop()
