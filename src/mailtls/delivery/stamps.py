"""The date of a trace field as a moment (RFC 5322 section 3.3, obsolete zones of section 4.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_ZONES = {"GMT": 0, "UT": 0, "UTC": 0, "Z": 0}
_ZONES |= {"EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8}
"""Hours east of Greenwich: the names that section 4.3 gives a meaning, and UTC."""

_DATE = re.compile(
    r"(?<!\d)(\d{1,2}) ([A-Za-z]{3}) (\d{4}|\d{2}) (\d{2}):(\d{2})(?::(\d{2}))?"
    r"(?:\.\d{1,9})? (?:([+-])(\d{2})(\d{2})|([A-Z]{1,4})(?![A-Za-z]))"
)


def read_stamp(text: str) -> datetime | None:
    """Return the moment a date names, aware, or None where it names none; `text` has single spaces."""
    match = _DATE.search(text)
    if match is None or match[2].lower() not in _MONTHS:
        return None
    zone = _zone(match)
    if zone is None:
        return None
    # Two digits are of 1950 to 2049 (section 4.3); a leap second is the one before it.
    year = int(match[3]) if len(match[3]) == 4 else 1950 + (int(match[3]) - 50) % 100  # noqa: PLR2004
    try:
        return datetime(
            year,
            _MONTHS[match[2].lower()],
            int(match[1]),
            int(match[4]),
            int(match[5]),
            min(int(match[6] or 0), 59),
            tzinfo=zone,
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(match: re.Match[str]) -> timezone | None:
    if match[10] is not None:
        hours = _ZONES.get(match[10])
        return None if hours is None else timezone(timedelta(hours=hours))
    offset = timedelta(hours=int(match[8]), minutes=int(match[9]))
    if offset >= timedelta(hours=24):
        return None
    return timezone(-offset if match[7] == "-" else offset)
