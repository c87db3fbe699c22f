"""Bounded, linear cutting of a byte stream into lines and literals.

The peer is hostile until proven otherwise: every cap is counted on what was consumed, so that the
verdict does not depend on how the network cut the stream. A search never looks at a byte twice,
so a line that comes in single bytes costs as much as one that comes whole.
"""

from __future__ import annotations

LINE_BYTES = 8 * 1024
"""Longest line with its end: RFC 5321 4.5.3.1.5 asks for 512, RFC 9051 section 4 knows 8192."""

REPLY_LINES = 200
"""Most lines of one reply: the longest EHLO and CAPA replies of real servers have about 30."""

REPLY_BYTES = 256 * 1024
"""Most bytes of one reply: 200 lines of the 1 KiB that RFC 5804 allows a quoted string, with room."""

CONNECTION_BYTES = 1024 * 1024
"""Most bytes consumed by one dialogue: four replies of the greatest size, never met in practice."""

LITERAL_BYTES = 64 * 1024
"""Longest literal: before a login a server sends none but capability and human-readable text."""

_MAGIC_BYTES = 5
"""Enough of a binary protocol's start to name it: a TLS record header, a MySQL packet's first field."""

_TEXT = range(0x20, 0x7F)


class LineBuffer:
    """What the peer sent and nobody has read; `overflow` says which cap was passed, or is "".

    `reply_lines` is the most lines of one reply. `scanned` counts the bytes searched for a line end, for tests that hold the search linear.
    """

    def __init__(self, reply_lines: int = REPLY_LINES) -> None:
        self.overflow = ""
        self._most_lines = reply_lines
        self.scanned = 0
        self._data = bytearray()
        self._searched = 0
        self._received = 0
        self._consumed = 0
        self._reply_lines = 0
        self._reply_bytes = 0

    def feed(self, data: bytes) -> None:
        """Append what arrived; what lies beyond every cap is dropped, since nobody can read it."""
        # One line more than can be consumed, so that the cap is met by reading and not by waiting.
        kept = data[: max(0, CONNECTION_BYTES + LINE_BYTES - self._received)]
        self._received += len(kept)
        self._data += kept

    def start_reply(self) -> None:
        """Count the caps of one reply anew."""
        self._reply_lines = 0
        self._reply_bytes = 0

    def line(self) -> bytes | None:
        """Take one line without its end (CRLF or LF), or None with `overflow` set or data missing."""
        end = self._find_end()
        if end < 0:
            if len(self._data) >= LINE_BYTES:
                self.overflow = f"a line is longer than {LINE_BYTES} bytes"
            return None
        self._reply_lines += 1
        if self._reply_lines > self._most_lines:
            self.overflow = f"a reply has more than {self._most_lines} lines"
            return None
        if self._passes_cap(end + 1):
            return None
        taken = self._take(end + 1)
        return taken[:-2] if taken.endswith(b"\r\n") else taken[:-1]

    def exactly(self, count: int) -> bytes | None:
        """Take `count` bytes, the content of a literal, or None as `line` does."""
        if count > LITERAL_BYTES:
            self.overflow = f"a literal is longer than {LITERAL_BYTES} bytes"
        if self._passes_cap(count) or len(self._data) < count:
            return None
        return self._take(count)

    def first(self, *, ended: bool) -> bytes | None:
        """Look at what names a protocol, without taking it: a first line, or a binary header.

        Gives less where the stream has `ended` or a line passes its cap, b"" at an empty end.
        """
        if self._data and self._data[0] not in _TEXT:
            if len(self._data) >= _MAGIC_BYTES or ended:
                return bytes(self._data[:_MAGIC_BYTES])
            return None
        end = self._find_end()
        if end >= 0:
            return bytes(self._data[: end + 1])
        if ended or len(self._data) >= LINE_BYTES:
            return bytes(self._data[:LINE_BYTES])
        return None

    def peek(self) -> bytes:
        """Return everything unread."""
        return bytes(self._data)

    def rest(self) -> bytes:
        """Take everything unread."""
        rest = bytes(self._data)
        self._data.clear()
        self._searched = 0
        return rest

    def _find_end(self) -> int:
        end = self._data.find(b"\n", self._searched, LINE_BYTES)
        seen = end if end >= 0 else min(len(self._data), LINE_BYTES)
        self.scanned += seen - self._searched
        self._searched = seen
        return end

    def _passes_cap(self, count: int) -> bool:
        if self._reply_bytes + count > REPLY_BYTES:
            self.overflow = f"a reply has more than {REPLY_BYTES} bytes"
        if self._consumed + count > CONNECTION_BYTES:
            self.overflow = f"the server sent more than {CONNECTION_BYTES} bytes"
        return bool(self.overflow)

    def _take(self, count: int) -> bytes:
        self._reply_bytes += count
        self._consumed += count
        taken = bytes(self._data[:count])
        # Dropping the front of a bytearray moves its start and copies nothing.
        del self._data[:count]
        self._searched = 0
        return taken
