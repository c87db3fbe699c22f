"""Which hosts a policy's `hosts` names."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


def is_among(name: str, globs: Iterable[str]) -> bool:
    """Return whether a host name or address fits one of the globs; case has no meaning, "" never fits."""
    return bool(name) and any(fnmatchcase(name.lower(), glob.lower()) for glob in globs)
