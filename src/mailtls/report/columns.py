"""Text by the columns a terminal gives it (Unicode Standard Annex 11), and its lines by a width."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import category, east_asian_width

_NOTHING = frozenset({"Mn", "Me"})
"""General categories of marks that are drawn over the character before them."""


def columns(text: str) -> int:
    """Return how many columns text takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def wrap(text: str, width: int, *, first: str = "", rest: str = "") -> Iterator[str]:
    """Yield lines of at most `width` columns, the first behind `first`, the others behind `rest`.

    Lines break at spaces and beside wide characters, whose scripts have no spaces. A word is never
    broken, even where it is longer than a line: it may be an address.
    """
    line, full = first, False
    for space, piece in _pieces(text):
        joined = space if full else ""
        if full and columns(line) + columns(joined) + columns(piece) > width:
            yield line
            line, joined = rest, ""
        line, full = f"{line}{joined}{piece}", True
    if full:
        yield line


def _width(character: str) -> int:
    if category(character) in _NOTHING:
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield what must not be broken, and the space before it."""
    for word in text.split():
        space, piece = " ", ""
        for character in word:
            wide = _width(character)
            if piece and (wide == 2 or (wide == 1 and columns(piece[0]) == 2)):  # noqa: PLR2004
                yield space, piece
                space, piece = "", ""
            piece += character
        yield space, piece
