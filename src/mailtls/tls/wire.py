"""Bytes of length-prefixed wire formats: a writer and a bounded reader (RFC 8446 section 3).

No length is ever computed or trusted by hand: a block reserves its length field, runs its body and
patches the length; read, it confines its body to that length and demands that all of it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class MalformedError(ValueError):
    """The peer's bytes are not what its protocol allows; never leaves this package."""


class Writer:
    """Appends big-endian integers and length-prefixed blocks to one buffer."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def __len__(self) -> int:
        return len(self._buffer)

    def __bytes__(self) -> bytes:
        return bytes(self._buffer)

    def uint(self, value: int, size: int) -> None:
        """Append an unsigned integer of `size` bytes."""
        self._buffer += value.to_bytes(size, "big")

    def raw(self, data: bytes) -> None:
        """Append bytes as they are."""
        self._buffer += data

    @contextmanager
    def block(self, size: int) -> Iterator[None]:
        """Precede what the body writes with its length in a field of `size` bytes."""
        start = len(self._buffer)
        self._buffer += bytes(size)
        yield
        length = len(self._buffer) - start - size
        self._buffer[start : start + size] = length.to_bytes(size, "big")

    def opaque(self, data: bytes, size: int) -> None:
        """Append bytes behind their length in a field of `size` bytes."""
        with self.block(size):
            self.raw(data)

    def uints(self, values: tuple[int, ...], size: int, length_size: int) -> None:
        """Append a list of `size`-byte integers behind its length in bytes."""
        with self.block(length_size):
            for value in values:
                self.uint(value, size)


class Reader:
    """Takes integers and blocks from bytes, in order, never beyond the innermost block's end."""

    __slots__ = ("_data", "_end", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._end = len(data)

    @property
    def remaining(self) -> int:
        """Return how many bytes of the innermost block are left."""
        return self._end - self._position

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        if count > self.remaining:
            raise MalformedError(f"{count} bytes announced where {self.remaining} are left")
        start = self._position
        self._position += count
        return self._data[start : self._position]

    def uint(self, size: int) -> int:
        """Return the next unsigned integer of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def rest(self) -> bytes:
        """Return what is left of the innermost block."""
        return self.take(self.remaining)

    def opaque(self, size: int) -> bytes:
        """Return the bytes behind a length field of `size` bytes."""
        return self.take(self.uint(size))

    @contextmanager
    def block(self, size: int) -> Iterator[None]:
        """Confine the body to the bytes behind a length field of `size` bytes; it must use all."""
        length = self.uint(size)
        if length > self.remaining:
            raise MalformedError(f"a block of {length} bytes where {self.remaining} are left")
        outer, self._end = self._end, self._position + length
        yield
        self.finish()
        self._end = outer

    def finish(self) -> None:
        """Demand that nothing is left of the innermost block."""
        if self.remaining:
            raise MalformedError(f"{self.remaining} bytes too many at the end of a block")
