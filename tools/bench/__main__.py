"""Measure mailtls beside other programs on one real Postfix and Dovecot; write docs/benchmark.md.

python tools/bench      needs root (namespaces and mail ports), gcc and iproute2
"""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Behind this folder, which has a module of the name of one in tests.
sys.path[1:1] = [str(ROOT / "tests"), str(ROOT / "src")]

import fleet  # noqa: E402
import programs  # noqa: E402
import servers  # noqa: E402
import tables  # noqa: E402
from link import Links, links  # noqa: E402
from measure import Launcher, Run, build, median  # noqa: E402
from servers import IMAPS, SUBMISSION  # noqa: E402

import deliveries  # noqa: E402 - the paths come first
from lab.process import require_root, workspace  # noqa: E402
from mailtls import __version__  # noqa: E402

MILLISECONDS = 50
ROUNDS = 5
LONGEST = 75  # seconds of one program
NICE = 5


def main() -> None:
    """Run everything once and write the results as JSON and as the page."""
    require_root()
    os.nice(NICE)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that every block is left
    began = time.monotonic()
    with workspace() as folder, links(folder, MILLISECONDS) as made:
        launcher = Launcher(
            program=build("launch", folder),
            namespace=made.client,
            environment=programs.environment(),
        )
        with servers.serving(list(made.addresses.values())) as ca:
            results = _measured(launcher, folder, made, ca)
    results["seconds"] = round(time.monotonic() - began)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "benchmark.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    page = ROOT / "docs" / "benchmark.md"
    new = deliveries.kept(page.read_text(encoding="utf-8"), tables.render(results))
    page.write_text(new, encoding="utf-8")
    print(f"docs/benchmark.md, after {results['seconds']} s")


def _measured(launcher: Launcher, folder: Path, made: Links, ca: Path) -> dict[str, Any]:
    installed, missing = programs.others()
    rows = programs.ours(folder, __version__) + installed
    near, far = made.addresses[0], made.addresses[MILLISECONDS]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": _machine(made),
        "missing": missing,
        "versions": {row.name: row.version for row in rows if row.version},
        "rows": [
            each
            for endpoint in (SUBMISSION, IMAPS)
            for rtt, address in made.addresses.items()
            for each in _table(
                launcher,
                [row for row in rows if endpoint.starttls or not rtt or row.repeated],
                programs.Asked(endpoint=endpoint, address=address, ca=ca),
                rtt,
            )
        ],
        "hundred": {
            name: _row(runs) for name, runs in fleet.hundred(launcher, folder, far, ca).items()
        },
        "target cpu": fleet.target_cpu(launcher, folder, near, ca),
        "startup": fleet.startup(launcher),
    }


def _table(
    launcher: Launcher, rows: list[programs.Program], asked: programs.Asked, rtt: int
) -> list[dict[str, Any]]:
    """Measure one endpoint at one round-trip time: the quick programs in turns, the others once."""
    runs: dict[str, list[Run]] = {row.name: [] for row in rows}
    for row in rows:  # not counted: servers start their processes, Python compiles
        if row.repeated:
            launcher.run(row.argv(asked), seconds=LONGEST)
    for turn in range(ROUNDS):
        for row in rows:
            if row.repeated or turn == 0:
                runs[row.name].append(launcher.run(row.argv(asked), seconds=LONGEST))
    found = []
    for row in rows:
        last = runs[row.name][-1]
        decided = "stopped" if last.code < 0 else row.decided(last.code, last.output)
        about = {"program": row.name, "endpoint": asked.endpoint.name, "rtt": rtt}
        found.append(about | _row(runs[row.name]) | {"decided": decided})
        print(f"{asked.endpoint.name} {rtt} ms: {row.name}: {found[-1]['wall']:.2f} s, {decided}")
    return found


def _row(runs: list[Run]) -> dict[str, Any]:
    """Return the medians of several runs of one program."""
    return {
        "runs": len(runs),
        "wall": median(runs, lambda run: run.wall),
        "cpu": median(runs, lambda run: run.cpu),
        "peak": median(runs, lambda run: run.peak),
        "connections": median(runs, lambda run: run.connections),
        "bytes": median(runs, lambda run: run.bytes),
        "codes": sorted({run.code for run in runs}),
    }


def _machine(made: Links) -> dict[str, str]:
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {
        "processor": f"{os.cpu_count()} cores, {cpu}",
        "kernel": platform.release(),
        "Python": platform.python_version(),
        "pyOpenSSL": version("pyOpenSSL"),
        "cryptography": version("cryptography"),
        **servers.versions(),
        "delay": f"{MILLISECONDS} ms round trip by {made.delayed_by}",
    }


main()
