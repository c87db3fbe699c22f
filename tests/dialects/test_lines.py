from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.dialects.lines import (
    CONNECTION_BYTES,
    LINE_BYTES,
    LITERAL_BYTES,
    REPLY_BYTES,
    REPLY_LINES,
    LineBuffer,
)


def filled(data: bytes) -> LineBuffer:
    buffer = LineBuffer()
    buffer.feed(data)
    return buffer


@pytest.mark.parametrize(
    ("data", "line", "rest"),
    [
        (b"one\r\ntwo", b"one", b"two"),
        (b"one\ntwo", b"one", b"two"),
        (b"one\r\r\n", b"one\r", b""),
        (b"\r\n", b"", b""),
        (b"a\rb\x00\xff\r\n", b"a\rb\x00\xff", b""),
    ],
)
def test_a_line_ends_with_crlf_or_lf(data, line, rest):
    buffer = filled(data)
    assert buffer.line() == line
    assert buffer.peek() == rest


def test_an_unfinished_line_stays():
    buffer = filled(b"one\r")
    assert buffer.line() is None
    buffer.feed(b"\n")
    assert buffer.line() == b"one"
    assert not buffer.overflow


def test_the_longest_line_passes_and_one_byte_more_does_not():
    assert filled(b"x" * (LINE_BYTES - 2) + b"\r\n").line() == b"x" * (LINE_BYTES - 2)
    longer = filled(b"x" * (LINE_BYTES - 1) + b"\r\n")
    assert longer.line() is None
    assert "a line is longer" in longer.overflow


def test_a_line_is_too_long_before_its_end_came():
    buffer = filled(b"x" * (LINE_BYTES - 1))
    assert buffer.line() is None
    assert not buffer.overflow
    buffer.feed(b"x")
    assert buffer.line() is None
    assert buffer.overflow


def test_lines_of_one_reply_are_counted_and_of_the_next_anew():
    buffer = filled(b"x\n" * (REPLY_LINES + 1))
    for _ in range(REPLY_LINES):
        assert buffer.line() == b"x"
    assert buffer.line() is None
    assert "lines" in buffer.overflow
    again = filled(b"x\n" * (REPLY_LINES + 1))
    for _ in range(REPLY_LINES):
        again.line()
    again.start_reply()
    assert again.line() == b"x"


def test_bytes_of_one_reply_are_counted():
    buffer = filled((b"x" * (LINE_BYTES - 1) + b"\n") * (REPLY_BYTES // LINE_BYTES) + b"y\n")
    for _ in range(REPLY_BYTES // LINE_BYTES):
        assert buffer.line() is not None
    assert buffer.line() is None
    assert f"{REPLY_BYTES}" in buffer.overflow


def test_bytes_of_the_whole_dialogue_are_counted():
    line = b"x" * (LINE_BYTES - 1) + b"\n"
    buffer = LineBuffer()
    for _ in range(CONNECTION_BYTES // LINE_BYTES):
        buffer.start_reply()
        buffer.feed(line)
        assert buffer.line() is not None
    buffer.start_reply()
    buffer.feed(b"y\n")
    assert buffer.line() is None
    assert f"{CONNECTION_BYTES}" in buffer.overflow


def test_what_nobody_can_read_is_not_kept():
    buffer = filled(b"x" * (3 * CONNECTION_BYTES))
    assert len(buffer.peek()) == CONNECTION_BYTES + LINE_BYTES


def test_a_literal_is_bounded_before_it_came():
    buffer = filled(b"abcdef")
    assert buffer.exactly(7) is None
    assert not buffer.overflow
    assert buffer.exactly(4) == b"abcd"
    assert buffer.peek() == b"ef"
    assert buffer.exactly(LITERAL_BYTES + 1) is None
    assert "literal" in buffer.overflow


@pytest.mark.parametrize(
    ("data", "ended", "first"),
    [
        (b"", False, b""),
        (b"220 m", False, None),
        (b"220 m", True, b"220 m"),
        (b"220 mx\r\n220 more", False, b"220 mx\r\n"),
        (b"\x16\x03\x01\x00", False, None),
        (b"\x16\x03\x01\x00", True, b"\x16\x03\x01\x00"),
        (b"\x16\x03\x01\x00\xc8\x01", False, b"\x16\x03\x01\x00\xc8"),
        (b"\n\x00\x00\x00\n8.0", False, b"\n\x00\x00\x00\n"),
        (b"x" * (LINE_BYTES + 9), False, b"x" * LINE_BYTES),
    ],
)
def test_the_first_line_or_header_is_looked_at_and_left(data, ended, first):
    buffer = filled(data)
    if data or ended:
        assert buffer.first(ended=ended) == first
    else:
        assert buffer.first(ended=ended) is None
        assert buffer.first(ended=True) == b""
    assert buffer.peek() == data


def test_rest_takes_all_and_the_search_starts_anew():
    buffer = filled(b"one\r\ntwo")
    assert buffer.first(ended=False) == b"one\r\n"
    assert buffer.rest() == b"one\r\ntwo"
    buffer.feed(b"\nx\n")
    assert buffer.line() == b""
    assert buffer.line() == b"x"


@given(st.lists(st.binary(max_size=40), max_size=40))
def test_lines_do_not_depend_on_how_the_stream_was_cut(pieces):
    whole, cut = LineBuffer(), LineBuffer()
    whole.feed(b"".join(pieces))
    expected = list(iter(whole.line, None))
    lines = []
    for piece in pieces:
        cut.feed(piece)
        lines += iter(cut.line, None)
    assert lines == expected
    assert cut.peek() == whole.peek()


def test_the_search_is_linear_in_single_bytes():
    data = (b"x" * 4000 + b"\r\n") * 20
    buffer = LineBuffer()
    for byte in data:
        buffer.feed(bytes([byte]))
        buffer.first(ended=False)
        buffer.line()
    assert buffer.scanned <= len(data)
