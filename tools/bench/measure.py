"""Run a program as a client and count: what it used by wait4(2), what it sent by the kernel."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PAUSE = 0.002
SETTLE_SECONDS = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one program: seconds of wall and CPU, KiB at its peak, and what the server saw."""

    wall: float
    cpu: float
    peak: int
    connections: int
    bytes: int
    code: int | None  # None: it was stopped after its time
    output: str


def run(
    argv: Sequence[str | Path],
    *,
    enter: Callable[[], None],
    environment: dict[str, str],
    seconds: float,
    said: bytes = b"",
) -> Run:
    """Run a program to its end, or for `seconds`; count at the server's side of the link.

    CPU is user and system time of the program and all its children, the peak that of the largest.
    """
    before = _counters()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as words:
        words.write(said)
        words.seek(0)
        began = time.perf_counter()
        child = subprocess.Popen(  # noqa: PLW1509 - this process has no threads
            argv,
            stdin=words,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            preexec_fn=enter,
        )
        stopped = False
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            wall = time.perf_counter() - began
            if pid:
                break
            if wall > seconds and not stopped:
                stopped = True
                os.killpg(child.pid, signal.SIGKILL)
            time.sleep(PAUSE)
        child.returncode = os.waitstatus_to_exitcode(status)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # what it may have left of its own
        time.sleep(SETTLE_SECONDS)  # the last packets are on their way
        after = _counters()
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    return Run(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=usage.ru_maxrss,
        connections=after[0] - before[0],
        bytes=after[1] - before[1],
        code=None if stopped else child.returncode,
        output=text,
    )


def _counters() -> tuple[int, int]:
    """Return connections accepted and bytes of IP in both directions, of this namespace."""
    tcp = _table(Path("/proc/self/net/snmp"))["Tcp"]
    octets = _table(Path("/proc/self/net/netstat"))["IpExt"]
    return tcp["PassiveOpens"], octets["InOctets"] + octets["OutOctets"]


def _table(path: Path) -> dict[str, dict[str, int]]:
    lines = path.read_text(encoding="ascii").splitlines()
    return {
        names.split()[0].rstrip(":"): dict(
            zip(names.split()[1:], map(int, values.split()[1:]), strict=True)
        )
        for names, values in zip(lines[::2], lines[1::2], strict=True)
    }


def median(runs: Sequence[Run], value: Callable[[Run], float]) -> float:
    """Return the median of one figure over several runs."""
    return statistics.median(value(each) for each in runs)
