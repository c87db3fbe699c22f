"""What a SASL mechanism is to the dialogue that carries it (RFC 4422)."""

from __future__ import annotations

from typing import Protocol


class SaslError(Exception):
    """An exchange that must not go on; the text says why, in one sentence without a secret."""


class Mechanism(Protocol):
    """One exchange from the client's side, without I/O.

    `complete` is whether the server's success may be believed: where a mechanism proves the server
    too, not before it has.
    """

    name: str
    complete: bool

    def first(self) -> bytes | None:
        """Return the initial response, or None where the server speaks first."""
        ...

    def next(self, challenge: bytes, /) -> bytes:
        """Return the answer to a challenge; raises SaslError."""
        ...
