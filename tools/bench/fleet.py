"""What is measured beside the table: a hundred endpoints, start-up, and the CPU of one target."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from measure import Launcher, Run, median
from programs import CLIENTS, mailtls, policy
from servers import FLEET, HOST, SUBMISSION

CLOSED_PORT = 9
ROUNDS, STARTS = 3, 9
HEAVY = (
    "argparse",
    "asyncio",
    "cryptography",
    "dns",
    "json",
    "jsonschema_rs",
    "OpenSSL",
    "ssl",
    "yaml",
)
"""What `--version` has no use for, and what a whole check needs."""


def hundred(launcher: Launcher, folder: Path, address: str, ca: Path) -> dict[str, list[Run]]:
    """Check the fleet all at once, beside the reference that makes five sessions to each name."""
    file = folder / "fleet.yml"
    file.write_text(policy(FLEET, SUBMISSION), encoding="utf-8")
    at_once = ["--concurrency", "100", "--per-host", "400"]
    asked = [address, str(SUBMISSION.port), str(ca)]
    programs: Mapping[str, Sequence[str | Path]] = {
        "mailtls": mailtls(file, SUBMISSION.port, address, ca, *at_once),
        "reference": _reference(*asked, "5", "starttls", *FLEET),
        "bare": _reference(*asked, "1", "starttls", *FLEET),
    }
    return _in_turn(launcher, programs, rounds=ROUNDS)


def target_cpu(launcher: Launcher, folder: Path, address: str, ca: Path) -> dict[str, float]:
    """Return milliseconds of CPU of one target, beyond the start-up of the same program.

    mailtls's start-up is a check of a port that is closed: all of a run but the dialogues.
    """
    file = folder / "one.yml"
    file.write_text(policy([HOST], SUBMISSION), encoding="utf-8")
    asked = [address, str(SUBMISSION.port), str(ca)]
    closed = mailtls(file, SUBMISSION.port, address, ca)
    closed[closed.index("--connect-to") + 1] = f":{SUBMISSION.port}:{address}:{CLOSED_PORT}"
    bare = [sys.executable, CLIENTS / "bare.py", *asked, HOST]
    programs: Mapping[str, Sequence[str | Path]] = {
        "mailtls": mailtls(file, SUBMISSION.port, address, ca),
        "mailtls start": closed,
        "reference": _reference(*asked, "5", "starttls", HOST),
        "reference start": _reference(*asked, "5", "import", HOST),
        "bare": [*bare, "starttls"],
        "bare start": [*bare, "import"],
    }
    runs = _in_turn(launcher, programs, rounds=STARTS)
    spent = {name: median(each, lambda run: run.cpu * 1000) for name, each in runs.items()}
    return {
        name: spent[part] - (spent[f"{part} start"] if whole else 0)
        for name, part, whole in (
            ("mailtls", "mailtls", True),
            ("mailtls, start-up", "mailtls start", False),
            ("five sessions by asyncio", "reference", True),
            ("five sessions by asyncio, start-up", "reference start", False),
            ("one bare session", "bare", True),
            ("one bare session, start-up", "bare start", False),
        )
    }


def startup(launcher: Launcher) -> dict[str, object]:
    """Compare `mailtls --version` with an empty Python, and list what it imports beyond that."""
    version = [sys.executable, "-m", "mailtls", "--version"]
    nothing = [sys.executable, "-c", "pass"]
    runs = _in_turn(launcher, {"version": version, "nothing": nothing}, rounds=STARTS)
    loaded = {
        name: set(_imports(launcher.run([argv[0], "-X", "importtime", *argv[1:]], seconds=10)))
        for name, argv in (("version", version), ("nothing", nothing))
    }
    beyond = sorted(loaded["version"] - loaded["nothing"])
    return {
        "wall": {name: median(each, lambda run: run.wall) for name, each in runs.items()},
        "beyond": beyond,
        "heavy": sorted({name.partition(".")[0] for name in beyond} & set(HEAVY)),
        "looked for": list(HEAVY),
    }


def _reference(*words: str) -> list[str | Path]:
    return [sys.executable, CLIENTS / "reference.py", *words]


def _imports(run: Run) -> list[str]:
    return re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", run.output, re.MULTILINE)


def _in_turn(
    launcher: Launcher, programs: Mapping[str, Sequence[str | Path]], *, rounds: int
) -> dict[str, list[Run]]:
    """Run all, one after another, round by round: what slows the machine slows all alike."""
    runs: dict[str, list[Run]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, argv in programs.items():
            runs[name].append(launcher.run(argv, seconds=60))
    return runs
