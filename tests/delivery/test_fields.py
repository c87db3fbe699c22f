from __future__ import annotations

import pytest

from mailtls.delivery.fields import COUNT_LIMIT, FIELD_LIMIT, Field, read_fields


def test_fields_are_unfolded_and_counted() -> None:
    text = b"A: 1\r\nB:2\r\n\t3\r\n  4\r\nb : 5\r\n\r\nB: 6\r\n"
    assert read_fields(text, "B") == (Field(position=1, body="2 3 4"), Field(position=2, body="5"))


def test_a_line_that_is_no_field_takes_its_folded_lines_with_it() -> None:
    text = b"no field\r\n B: 1\r\nB: 2\nNo Field: x\n y\nB: 3"
    assert [field.body for field in read_fields(text, "b")] == ["2", "3"]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [(b"caf\xc3\xa9", "caf\u00e9"), (b"caf\xe9", "caf\u00e9"), (b"a\0b", "a\0b"), (b"", "")],
)
def test_octets_beyond_ascii(raw: bytes, shown: str) -> None:
    assert read_fields(b"B: " + raw, "B")[0].body == shown


def test_what_is_read_is_bounded() -> None:
    assert len(read_fields(b"B: 1\r\n" * 3000, "B")) == COUNT_LIMIT
    (field,) = read_fields(b"B: " + b"1" * 100_000 + b"\r\n 2" * 100_000, "B")
    assert len(field.body) <= FIELD_LIMIT
    late = b"A: " + b"1" * 2_000_000 + b"\r\nB: 1\r\n"
    assert read_fields(late, "B") == ()
