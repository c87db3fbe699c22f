"""Processes of the lab: each leads a session of its own, and is ended by its process id."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Literal

PATIENCE = 20.0  # seconds a start or an end may take before it counts as broken
PAUSE = 0.01  # seconds between two looks
LISTEN = "0A"  # TCP_LISTEN in the state column of /proc/net/tcp (proc(5))


class LabError(RuntimeError):
    """The lab cannot give what a test asked for; the message says what is missing."""


def require(program: str, package: str) -> str:
    """Return the path of `program`, a command or an absolute path; fail naming its Debian package."""
    found = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin")
    if found is None:
        raise LabError(f"{program} is missing: install the Debian package {package}")
    return found


def require_root() -> None:
    """Fail unless the tests run as root: mail ports lie below 1024 and both servers change user."""
    if os.geteuid() != 0:
        raise LabError(
            f"real servers on mail ports need root; the tests run as user id {os.geteuid()}"
        )


@contextmanager
def workspace() -> Iterator[Path]:
    """Yield a new folder that the servers' own users can reach, unlike pytest's; remove it after."""
    folder = Path(tempfile.mkdtemp(prefix="mailtls-lab-"))
    try:
        folder.chmod(0o755)
        for parent in folder.parents:
            if not parent.stat().st_mode & 0o001:
                raise LabError(f"{parent} is closed to other users: set TMPDIR to an open folder")
        yield folder
    finally:
        shutil.rmtree(folder)


def listening(process: int | Literal["self"] = "self") -> frozenset[tuple[str, int]]:
    """Return every (IPv4 address, port) that listens, without the log lines a connection leaves.

    In the network namespace of `process`, which has to run.
    """
    found = set()
    for line in Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]:
        local, state = line.split()[1:4:2]
        address, port = local.split(":")
        if state == LISTEN:
            # The kernel prints the address as one integer in the byte order of the machine.
            octets = bytes.fromhex(address)[::-1]
            found.add((socket.inet_ntoa(octets), int(port, 16)))
    return frozenset(found)


def _stat(pid: int) -> tuple[str, int] | None:
    """Return state and session of a process; None once it has gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The command may hold spaces and parentheses; the fields follow the last one (proc(5)).
    state, _, _, session = text.rpartition(")")[2].split()[:4]
    return state, int(session)


def alive(pids: Iterable[int]) -> frozenset[int]:
    """Return those that still run; one that only waits to be reaped does not."""
    return frozenset(pid for pid in pids if (stat := _stat(pid)) and stat[0] not in "ZX")


def session_members(leader: int) -> frozenset[int]:
    """Return the running processes of the session that `leader` leads."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return alive(pid for pid in pids if (stat := _stat(pid)) and stat[1] == leader)


class Daemon:
    """A server program in the foreground, child of the tests, with what it starts in its session."""

    def __init__(self, *, argv: Sequence[str], listens: Sequence[tuple[str, int]], log_file: Path):
        self._argv = argv
        self._listens = frozenset(listens)
        self._log_file = log_file
        self._output = log_file.with_suffix(".out")
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start the program; `ready` waits for it, so that several can start side by side."""
        require_root()
        taken = sorted(
            (address, port)
            for address, port in self._listens
            if {(address, port), ("0.0.0.0", port)} & listening()  # noqa: S104 - looked for, not bound
        )
        if taken:
            raise LabError(f"already in use: {taken}")
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        # Should the tests be killed, this pipe closes and the guard ends the server in their place.
        # The kernel's own way, PR_SET_PDEATHSIG, is lost when Postfix changes its user (prctl(2)).
        self._guard = subprocess.Popen(
            ["sh", "-c", 'read -r _; kill "$0"', str(self._process.pid)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def ready(self) -> None:
        """Wait until every address listens; fail with the server's own words if it ends before."""
        deadline = time.monotonic() + PATIENCE
        while missing := self._listens - listening():
            if self._process is None or self._process.poll() is not None:
                raise LabError(f"{self._argv[0]} ended at start:\n{self.log()}")
            if time.monotonic() > deadline:
                raise LabError(
                    f"{self._argv[0]} does not listen on {sorted(missing)}:\n{self.log()}"
                )
            time.sleep(PAUSE)

    @property
    def listens(self) -> frozenset[tuple[str, int]]:
        """The addresses and ports it was told to listen on."""
        return self._listens

    @property
    def pid(self) -> int:
        """The process id of the master, which is also the id of the session."""
        if self._process is None:
            raise LabError(f"{self._argv[0]} was not started")
        return self._process.pid

    def pids(self) -> frozenset[int]:
        """Return the ids of the master and of all it started."""
        return session_members(self.pid)

    def log(self) -> str:
        """Return what the server wrote: its log, and before it what it printed at start."""
        files = (self._output, self._log_file)
        return "".join(f.read_text("utf-8", "replace") for f in files if f.exists())

    def logged(self, text: str) -> str:
        """Return the log once it holds `text`: both servers write it after they answered."""
        deadline = time.monotonic() + PATIENCE
        while text not in (log := self.log()):
            if time.monotonic() > deadline:
                raise LabError(f"{self._argv[0]} never logged {text!r}:\n{log}")
            time.sleep(PAUSE)
        return log

    def terminate(self) -> None:
        """Ask the server to end; `ended` waits for it, so that several can end side by side."""
        if self._process is not None:
            self._process.terminate()

    def ended(self) -> None:
        """Wait until the server's session is empty; fail if a process in it had to be killed."""
        if self._process is None:
            return
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
        deadline = time.monotonic() + PATIENCE
        while self._process.poll() is None or self.pids():
            if time.monotonic() > deadline:
                stubborn = self.pids()
                for pid in stubborn:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                self._process.wait()
                raise LabError(f"{self._argv[0]} left processes {sorted(stubborn)}:\n{self.log()}")
            time.sleep(PAUSE)


@contextmanager
def running(*daemons: Daemon) -> Iterator[None]:
    """Start all, wait until all listen, and end all after; none outlives the block."""
    with ExitStack() as ends:
        for daemon in daemons:
            ends.callback(daemon.ended)
        try:
            for daemon in daemons:
                daemon.launch()
            for daemon in daemons:
                daemon.ready()
            yield
        finally:
            for daemon in daemons:
                daemon.terminate()
