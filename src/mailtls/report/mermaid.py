"""Diagrams in Mermaid's language, which GitHub and GitLab draw from a fenced block.

Mermaid has no escape that every kind of diagram reads, and a character too many breaks the whole
diagram. So text of others goes through `plain`, which lets through only what has no meaning to any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from mailtls.report.expiries import Expiry, expiries
from mailtls.report.model import Report

PRESSING = frozenset({"error", "warning", "note"})
TEXT_LIMIT = 60
ROWS = 40
HORIZON = timedelta(days=400)
"""The end of the time shown: what is valid for longer, a private root's decade, would hide the rest."""

PAST = timedelta(days=90)
"""The start of the time shown, for the same reason."""

# Pixels of a character in the chart, whose names would else be drawn into its bars.
_EM = 7

_UNSAFE = re.compile(r"[^A-Za-z0-9 ._-]+")


def plain(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return text for a place where Mermaid reads to the end of the line: a label, a title, a message.

    Never for a name that a diagram refers to. It is one line of letters, digits, spaces, dots, hyphens and
    underscores, is never empty, begins with a letter or digit, and has no run that draws an arrow.
    """
    spaced = re.sub(r"--+", "-", _UNSAFE.sub(" ", text))
    kept = " ".join(spaced.split()).lstrip(" ._-")
    if not kept:
        return "unnamed"
    return kept if len(kept) <= limit else f"{kept[: limit - 3].rstrip()}..."


def fenced(lines: Iterable[str]) -> str:
    """Return a diagram as a block of Markdown."""
    return "\n".join(["```mermaid", *lines, "```", ""])


def timeline(report: Report) -> list[str]:
    """Return a Gantt chart of how long each certificate is still valid, [] where none was seen.

    The soonest to expire come first, at most `ROWS` of them.
    """
    found = expiries(report)[:ROWS]
    if not found:
        return []
    names = [plain(_places(each)) for each in found]
    lines = [
        f'%%{{init: {{"gantt": {{"leftPadding": {_EM * max(map(len, names)) + 20}}}}}}}%%',
        "gantt",
        f"  title Certificates from {_day(report.started)}",
        "  dateFormat YYYY-MM-DD",
        "  axisFormat %Y-%m-%d",
    ]
    for name, each in zip(names, found, strict=True):
        lines += [f"  section {name}", f"  {_bar(each, report.started)}"]
    return lines


def _places(certificate: Expiry) -> str:
    more = len(certificate.endpoints) - 1
    return certificate.endpoints[0] + (f" and {more} more" if more else "")


def _bar(certificate: Expiry, now: datetime) -> str:
    start, end = certificate.not_before, certificate.not_after
    left = certificate.left(now)
    if end <= now:
        shown = max(end, now - PAST)
        return f"{left} :crit, {_day(shown)}, {_day(_later(shown, now))}"
    first = max(start, now)
    last = min(end, max(first, now + HORIZON))
    weight = "crit" if certificate.standing in PRESSING else "active"
    return f"{left} :{weight}, {_day(first)}, {_day(_later(first, last))}"


def _later(start: datetime, end: datetime) -> datetime:
    """Return the end of a bar that can be seen: a day after its start at the least."""
    return max(end, start + timedelta(days=1))


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
