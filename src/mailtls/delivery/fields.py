"""The fields of a header section as hosts on the way wrote them: unfolded, bounded, never refused.

RFC 5322 section 2.2 is what a field ought to be. Whatever is no field is passed over, for the header
of a message has been in the hands of strangers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailtls.pure import pure

HEADER_LIMIT = 1024 * 1024
"""Octets of a header section that are looked at; Postfix keeps 100 KiB (`header_size_limit`)."""

FIELD_LIMIT = 8 * 1024
"""Octets of one field that are read: eight lines of the longest that RFC 5322 2.1.1 allows."""

COUNT_LIMIT = 200
"""Fields of one name that are read; Postfix stops a message at 50 Received (`hopcount_limit`)."""

_LINE_END = re.compile(rb"\r?\n")
_FIELD = re.compile(rb"([!-9;-~]{1,76})[ \t]*:")


@pure
class Field:
    """One field: its body on one line, and how many fields stand above it in the header."""

    position: int
    body: str


def read_fields(header: bytes, name: str) -> tuple[Field, ...]:
    """Return the fields of one name, the topmost first; at most `COUNT_LIMIT`, each cut to `FIELD_LIMIT`.

    Reads up to the empty line. Octets beyond ASCII are UTF-8 (RFC 6532) where they can be, else latin-1.
    """
    found: list[Field] = []
    wanted = name.lower().encode()
    for position, (named, body) in enumerate(_fields(header[:HEADER_LIMIT])):
        if named == wanted:
            found.append(Field(position=position, body=_text(body)))
            if len(found) == COUNT_LIMIT:
                break
    return tuple(found)


def _fields(header: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the lower-case name and the folded body of each field."""
    name, parts, size = b"", [b""], 0
    for line in _LINE_END.split(header):
        if not line:
            break
        if line[:1] in (b" ", b"\t"):
            # What lies beyond the limit is read by nobody, and a field of many lines is cheap so.
            if size < FIELD_LIMIT:
                parts.append(line)
                size += len(line)
            continue
        if name:
            yield name, b"\n".join(parts)
        match = _FIELD.match(line)
        name = match[1].lower() if match else b""
        parts = [line[match.end() :] if match else b""]
        size = len(parts[0])
    if name:
        yield name, b"\n".join(parts)


def _text(body: bytes) -> str:
    cut = body[:FIELD_LIMIT]
    try:
        text = cut.decode()
    except UnicodeDecodeError:
        text = cut.decode("latin-1")
    return " ".join(text.split())
