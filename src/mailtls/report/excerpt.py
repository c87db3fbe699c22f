"""A policy line as it is shown below a finding, with carets under the span that is meant."""

from __future__ import annotations

from unicodedata import east_asian_width

from mailtls.report.model import Excerpt
from mailtls.sanitizer import clean
from mailtls.verdict import Location

_WINDOW = 68
"""Most characters of a line that are shown: 80 columns less the gutter and two marks of a cut."""

_BEFORE = 40
"""Characters kept before the span where the line is cut, enough to see the key."""


def mark(line: str, location: Location) -> Excerpt:
    """Return `line`, the source at `location.line`, cut around its span and safe to show.

    A span over several lines is marked to the end of its first line; an empty one by one caret.
    """
    text = line.rstrip("\r\n")
    start = min(location.column - 1, len(text))
    one_line = location.end_line == location.line
    end = min(location.end_column - 1, len(text)) if one_line else len(text)
    end = max(start, end)
    first, last = 0, len(text)
    if last > _WINDOW:
        first = max(0, min(start - _BEFORE, last - _WINDOW))
        last = first + _WINDOW
    head = ("..." if first else "") + clean(text[first:start])
    span = clean(text[start : min(end, last)])
    tail = clean(text[max(start, min(end, last)) : last]) + ("..." if last < len(text) else "")
    # Cleaned once more as a whole: a cut between two pieces must not hide what stands across it.
    return Excerpt(
        text=clean(head + span + tail, 10 * _WINDOW + 6),
        start=_columns(head),
        width=max(1, _columns(span)),
    )


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
