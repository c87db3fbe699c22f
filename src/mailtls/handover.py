"""What the action's process of root leaves to the one that comes after: logins in memory, files of its own."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path


def remember(values: Mapping[str, str]) -> int:
    """Return an inheritable descriptor of a file that has no name and ends with its last reader."""
    descriptor = os.memfd_create("mailtls", 0)
    with os.fdopen(os.dup(descriptor), "wb") as memory:
        memory.write(json.dumps(values).encode("ascii"))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def recall(descriptor: int) -> dict[str, str]:
    """Return the values, and let go of the memory they were in."""
    with os.fdopen(descriptor, "rb") as memory:
        values: dict[str, str] = json.load(memory)
    return values


def give_file(workspace: Path, report: str, owner: int, group: int) -> None:
    """Create a report's file for `owner` and `group` where only root could; the command writes it.

    Paths come from a repository that others may edit: no link is followed, and nothing outside of
    the workspace is touched. What cannot be made here fails when the command writes it, and says so.
    """
    path = workspace / report
    if workspace.stat().st_uid == owner or not path.parent.resolve().is_relative_to(workspace):
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    except OSError:
        return
    # A file with a second name may be one that stands elsewhere.
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        os.fchown(descriptor, owner, group)
    os.close(descriptor)
