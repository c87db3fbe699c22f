"""Run a program as a client and count: what it used by wait4(2), what it sent by the kernel."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SETTLE_SECONDS = 0.15
STOPPED = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one program: seconds of wall and CPU, KiB at its peak, and what the server saw.

    CPU is user and system time of the program and its children, the peak that of the largest.
    `code` is `STOPPED` where it had to be killed.
    """

    wall: float
    cpu: float
    peak: int
    connections: int
    bytes: int
    code: int
    output: str


def build(name: str, folder: Path) -> Path:
    """Compile one of the small programs beside this file."""
    program = folder / name
    subprocess.run(["gcc", "-O2", "-Wall", "-o", program, HERE / f"{name}.c"], check=True)
    return program


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """How programs are started: by the compiled `launch`, in a namespace, with an environment."""

    program: Path
    namespace: str
    environment: dict[str, str]

    def run(self, argv: Sequence[str | Path], *, seconds: int) -> Run:
        """Run a program to its end, or for `seconds`; count at the server's side of the link."""
        path = shutil.which(argv[0])
        if path is None:
            raise FileNotFoundError(argv[0])
        before = _counters()
        with tempfile.TemporaryFile() as output, tempfile.NamedTemporaryFile("r") as result:
            subprocess.run(
                [self.program, self.namespace, str(seconds), result.name, path, *argv[1:]],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
            )
            time.sleep(SETTLE_SECONDS)  # the last packets are on their way
            after = _counters()
            code, wall, cpu, peak = result.read().split()
            output.seek(0)
            text = output.read().decode("utf-8", "replace")
        return Run(
            wall=float(wall),
            cpu=float(cpu),
            peak=int(peak),
            connections=after[0] - before[0],
            bytes=after[1] - before[1],
            code=int(code),
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
