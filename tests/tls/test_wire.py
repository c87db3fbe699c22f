"""Blocks and integers, written and read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.tls.wire import MalformedError, Reader, Writer


@given(st.binary(max_size=300), st.lists(st.integers(0, 0xFFFF)), st.integers(0, 0xFFFFFF))
def test_what_is_written_is_read_back(data, values, number):
    out = Writer()
    out.uint(number, 3)
    with out.block(2):
        out.opaque(data, 2)
        out.uints(tuple(values), 2, 2)
    out.raw(b"end")
    reader = Reader(bytes(out))
    assert len(out) == reader.remaining
    assert reader.uint(3) == number
    with reader.block(2):
        assert reader.opaque(2) == data
        with reader.block(2):
            assert [reader.uint(2) for _ in values] == values
    assert reader.rest() == b"end"
    reader.finish()


def test_a_block_confines_its_body():
    reader = Reader(b"\x01\xaa\xbb")
    with pytest.raises(MalformedError, match="2 bytes announced where 1 are left"), reader.block(1):
        reader.take(2)


def test_a_block_must_be_used_up():
    reader = Reader(b"\x02\xaa\xbb")
    with pytest.raises(MalformedError, match="1 bytes too many"), reader.block(1):
        reader.take(1)


def test_a_block_beyond_the_data_is_malformed():
    with pytest.raises(MalformedError, match="a block of 3 bytes where 1 are left"):
        Reader(b"\x03\xaa").block(1).__enter__()


def test_a_length_that_does_not_fit_is_our_bug():
    with pytest.raises(OverflowError):
        Writer().opaque(bytes(256), 1)
