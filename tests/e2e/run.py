"""The program as a user runs it: a process, a policy file, a JSON report."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a process of mailtls ended."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report on standard output."""
        assert self.out, self.err
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed

    def outcomes(self, endpoint: str) -> dict[str, set[str]]:
        """Return outcome -> rules of one endpoint."""
        found: dict[str, set[str]] = {}
        for result in self.report["results"]:
            if result["endpoint"] == endpoint:
                found.setdefault(result["outcome"], set()).add(result["rule"])
        return found


def mailtls(*arguments: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> Run:
    """Run the command in `cwd` and wait for its end."""
    done = subprocess.run(
        [sys.executable, "-m", "mailtls", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    return Run(code=done.returncode, out=done.stdout, err=done.stderr)


def write_policy(
    folder: Path, endpoints: Iterable[Mapping[str, object]], *, ca_file: Path | None = None
) -> Path:
    """Write a policy for `endpoints` that trusts `ca_file` alone where it is given."""
    lines = ["version: 1"]
    if ca_file is not None:
        (folder / "ca.pem").write_bytes(ca_file.read_bytes())
        lines += ["defaults:", "  certificate: {trust: ca.pem}"]
    lines.append("endpoints:")
    lines += [f"  - {json.dumps(dict(endpoint))}" for endpoint in endpoints]
    path = folder / "mailtls.yml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def check(
    folder: Path, endpoints: Sequence[Mapping[str, object]], *more: str | Path, **options: Any
) -> Run:
    """Write a policy, check it, and return the run with its JSON report."""
    path = write_policy(folder, endpoints, **options)
    return mailtls("check", path.name, "--format", "json", *more, cwd=folder)
