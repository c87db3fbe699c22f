"""Which files a policy may be made of: itself, its base, its roots; all inside the repository."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from mailtls.errors import DOCS, PolicyError, Problem, UsageError
from mailtls.policy.document import BYTE_LIMIT
from mailtls.verdict import Location

DEFAULT_NAMES = ("mailtls.yml", "mailtls.yaml", ".github/mailtls.yml", ".mailtls.yml")

Read = Callable[[str, str], bytes]
"""(file that names it, name as written) -> content; raises OSError or ValueError with the reason."""

ROOTS_LIMIT = 4 * 1024 * 1024
"""Largest file a policy may name; the certificate bundles of systems have a quarter of a MiB."""


def find_policy(directory: Path) -> Path:
    """Return the first policy under its default names; raises UsageError where there is none."""
    for name in DEFAULT_NAMES:
        if (directory / name).is_file():
            return Path(name)
    raise UsageError(
        f"no policy found: looked for {', '.join(DEFAULT_NAMES)}",
        fix="write one (five lines are enough), name its path, or see one work: `mailtls demo`",
        more=f"{DOCS}index.md",
    )


def read_policy(path: Path) -> bytes:
    """Return the bytes of the policy itself; raises PolicyError at its first line."""
    try:
        return _read_regular(path, BYTE_LIMIT + 1)
    except (OSError, ValueError) as error:
        start = Location(file=str(path), line=1, column=1, end_line=1, end_column=1)
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problem = Problem(
            location=start,
            message=f"the policy cannot be read: {reason}",
            expected="a YAML file that this user may read",
        )
        raise PolicyError([problem]) from error


def reader(root: Path) -> Read:
    """Return a function that reads files beside a policy, never outside `root`."""
    top = root.resolve()

    def read(beside: str, name: str) -> bytes:
        try:
            path = (Path(beside).parent / name).resolve()
        except RuntimeError:  # what Python below 3.13 makes of ELOOP
            raise ValueError("its symbolic links lead in a circle") from None
        if not path.is_relative_to(top):
            raise ValueError(f"it lies outside {top.name or top}")
        content = _read_regular(path, ROOTS_LIMIT + 1)
        if len(content) > ROOTS_LIMIT:
            # Cut short, it would be another set of roots, and another verdict.
            raise ValueError(f"it is larger than {ROOTS_LIMIT // 1024} KiB")
        return content

    return read


def enclosing(path: Path) -> Path:
    """Return the top of the repository a policy is in, or the working directory."""
    here = path.resolve().parent
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            return folder
    cwd = Path.cwd()
    return cwd if here.is_relative_to(cwd.resolve()) else here


def _read_regular(path: Path, limit: int) -> bytes:
    # Non-blocking, so that a fifo in the place of a policy cannot hold the run up.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is not a regular file")
        return file.read(limit)
