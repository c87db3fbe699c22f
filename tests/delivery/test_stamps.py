from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.delivery.stamps import read_stamp


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("Wed, 12 Nov 2025 08:00:00 +0000 (UTC)", "2025-11-12T08:00:00+00:00"),
        ("12 Nov 2025 08:00:00 -0000", "2025-11-12T08:00:00+00:00"),
        ("Tue, 1 Jan 2019 08:00 -0830", "2019-01-01T16:30:00+00:00"),
        ("1 Jan 26 00:00:00 GMT", "2026-01-01T00:00:00+00:00"),
        ("1 Jan 95 00:00:00 PST", "1995-01-01T08:00:00+00:00"),
        ("30 JUN 2012 23:59:60 +0000", "2012-06-30T23:59:59+00:00"),
        ("Mon, 5 Feb 2024 14:00:00.123456 +0100", "2024-02-05T13:00:00+00:00"),
    ],
)
def test_dates(text: str, iso: str) -> None:
    found = read_stamp(text)
    assert found is not None
    assert found.isoformat() == iso


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "31 Feb 2025 08:00:00 +0000",
        "1 Foo 2025 08:00:00 +0000",
        "1 Jan 2025 25:00:00 +0000",
        "1 Jan 2025 08:00:00",
        "1 Jan 2025 08:00:00 +9999",
        "1 Jan 2025 08:00:00 CEST",
        "1 Jan 0001 00:00:00 +0100",
        "31 Dec 9999 23:59:59 -0100",
        "2024-03-15 10:30:00.123456789 +0000 UTC",
    ],
)
def test_no_dates(text: str) -> None:
    assert read_stamp(text) is None


@given(st.from_regex(r"[0-9]{1,2} (Jan|Feb) [0-9]{2,4} [0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}"))
def test_nothing_raises(text: str) -> None:
    found = read_stamp(text)
    assert found is None or found.utcoffset() is not None
