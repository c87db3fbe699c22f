"""A policy line as it is shown below a finding, with carets under the span that is meant."""

from __future__ import annotations

from mailtls.report.columns import columns
from mailtls.report.model import Excerpt
from mailtls.sanitizer import clean
from mailtls.verdict import Location

_WINDOW = 68
"""Most columns of a line that are shown: 80 less the gutter and two marks of a cut."""

_BEFORE = 40
"""Columns kept before the span where the line is cut, enough to see the key."""

_CUT = "..."


def mark(line: str, location: Location) -> Excerpt:
    """Return `line`, the source at `location.line`, cut around its span and safe to show.

    A span over several lines is marked to the end of its first line; an empty one by one caret.
    """
    text = line.rstrip("\r\n")
    start = min(location.column - 1, len(text))
    one_line = location.end_line == location.line
    end = min(location.end_column - 1, len(text)) if one_line else len(text)
    end = max(start, end)
    first, last = _window(text, start, _WINDOW)
    head = (_CUT if first else "") + clean(text[first:start])
    span = clean(text[start : min(end, last)])
    tail = clean(text[max(start, min(end, last)) : last]) + (_CUT if last < len(text) else "")
    # Cleaned once more as a whole: a cut between two pieces must not hide what stands across it.
    return Excerpt(
        text=clean(head + span + tail, 10 * _WINDOW + 6),
        start=columns(head),
        width=max(1, columns(span)),
    )


def narrow(excerpt: Excerpt, room: int) -> Excerpt:
    """Return an excerpt cut once more, to `room` columns and two marks of a cut."""
    text = excerpt.text
    if columns(text) <= room:
        return excerpt
    before = (place for place in range(len(text)) if columns(text[:place]) >= excerpt.start)
    start = next(before, len(text))
    first, last = _window(text, start, room)
    head = (_CUT if first else "") + text[first:start]
    shown = text[start:last]
    tail = _CUT if last < len(text) else ""
    return Excerpt(
        text=head + shown + tail,
        start=columns(head),
        width=max(1, min(excerpt.width, columns(shown))),
    )


def _window(text: str, start: int, room: int) -> tuple[int, int]:
    """Return the part of a line, as indexes, that fits into `room` columns and shows `start`."""
    if columns(text) <= room:
        return 0, len(text)
    first = start
    while first and columns(text[first - 1 : start]) <= min(_BEFORE, room // 2):
        first -= 1
    # What is free behind a span at the end of the line is filled from before it.
    while first and columns(text[first - 1 :]) <= room:
        first -= 1
    last = first
    while last < len(text) and columns(text[first : last + 1]) <= room:
        last += 1
    return first, last
