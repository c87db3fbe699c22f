"""What every mailbox can do for the arrival of one message, and how a message is told to be ours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from mailtls.evidence import Line, Missing
from mailtls.flow import Refused, Withheld
from mailtls.pure import pure

NONCE_FIELD = b"mailtls-nonce"
"""The header field, in lower case, that names a test message."""

Trouble = Refused | Withheld | Missing
"""Why a mailbox cannot be read."""


@pure
class Letter:
    """A message that carries the nonce; `whole` is False where its end was too far to read."""

    identifier: str
    raw: bytes
    whole: bool

    @property
    def header(self) -> bytes:
        """Return the header section, with the line end of its last field."""
        return header_of(self.raw)


@pure
class Place:
    """Where a mailbox was read: `version` and `cipher` of the session are "" in clear."""

    address: str
    version: str
    cipher: str


class Mailbox(Protocol):
    """One mailbox in which one message is waited for: prepare, then look and rest, then finish.

    `head_start` is how many seconds after the submission the first look is worth its cost.
    """

    @property
    def head_start(self) -> float:
        """Return the seconds to let pass before the first look."""
        ...

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return what was said so far."""
        ...

    @property
    def place(self) -> Place:
        """Return where the mailbox was read last."""
        ...

    async def prepare(self) -> Trouble | None:
        """Do what has to be done before the message is sent, and learn whether the mailbox opens."""
        ...

    async def look(self) -> Letter | Trouble | None:
        """Look once: the message, None where it is not there, or why nobody can tell."""
        ...

    async def rest(self, seconds: float, left: float) -> bool:
        """Wait until the mailbox tells of news, at most about `seconds` and never longer than `left`.

        False at once where it cannot.
        """
        ...

    async def finish(self, letter: Letter | None) -> bool:
        """Delete `letter`, say goodbye, and return whether it is deleted for good."""
        ...

    def close(self) -> None:
        """Give back what is still open."""
        ...


def header_of(raw: bytes) -> bytes:
    """Return the header section of a message, or all of it where its end is not there."""
    end = re.search(rb"\r?\n(?=\r?\n)", raw)
    return raw[: end.end()] if end else raw


def fields(header: bytes, name: bytes) -> Iterable[bytes]:
    """Return the values of the header fields of a lower-case name, unfolded and stripped."""
    unfolded = re.sub(rb"\r?\n[ \t]+", b" ", header)
    for line in unfolded.splitlines():
        key, colon, value = line.partition(b":")
        if colon and key.strip().lower() == name:
            yield value.strip()


def carries(header: bytes, nonce: str) -> bool:
    """Return whether a message is the one that was sent; a reply that quotes it is not."""
    return nonce.encode("ascii") in fields(header, NONCE_FIELD)
