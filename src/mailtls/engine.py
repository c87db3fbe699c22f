"""The four verbs of everything that speaks on a connection, without I/O.

One driver (`probe.conversation`) runs a mail dialogue, a raw hello and an OpenSSL handshake alike:
send what `data_to_send` gives, feed what arrives to `receive_data`, say `receive_eof` at the end
of the stream, stop when `outcome` is not None. STARTTLS is one engine after another on one stream;
what an engine received but did not need is `trailing`, and the next engine gets it first, or it is
evidence.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from mailtls.evidence import Line, Missing
from mailtls.terms import Phase

T_co = TypeVar("T_co", covariant=True)


class Engine(Protocol[T_co]):
    """One exchange on a connection, from its first byte to its outcome."""

    @property
    def phase(self) -> Phase:
        """Return how far the exchange has got; a deadline that passes is reported in it."""
        ...

    @property
    def outcome(self) -> T_co | Missing | None:
        """Return the result, the reason there is none, or None while more data is needed."""
        ...

    @property
    def trailing(self) -> bytes:
        """Return the bytes received beyond the outcome."""
        ...

    @property
    def transcript(self) -> tuple[Line, ...]:
        """Return what was said so far, sanitized."""
        ...

    def data_to_send(self) -> bytes:
        """Return and forget the bytes to be written now."""
        ...

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer; never raises, whatever they are."""
        ...

    def receive_eof(self) -> None:
        """Take the end of the stream; sets an outcome if there is none."""
        ...
