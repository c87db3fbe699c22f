"""Records and handshake messages cut from a stream, whole or byte by byte, within their caps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.tls.records import (
    MESSAGE_LIMIT,
    RECORD_LIMIT,
    RECORDS_LIMIT,
    SSL2_CONTENT,
    Message,
    MessageReader,
    Record,
    RecordReader,
)
from mailtls.tls.wire import MalformedError

PAYLOADS = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=10)


@given(PAYLOADS, st.integers(1, 50))
def test_records_come_out_as_they_went_in(payloads, step):
    stream = b"".join(b"\x16\x03\x01" + len(p).to_bytes(2, "big") + p for p in payloads) + b"\x15"
    reader, seen = RecordReader(), []
    for at in range(0, len(stream), step):
        reader.feed(stream[at : at + step])
        while record := reader.next_record():
            seen.append(record)
    assert seen == [Record(content_type=22, version=0x0301, payload=p) for p in payloads]
    assert reader.pending == b"\x15"


@given(PAYLOADS, st.integers(1, 50))
def test_messages_span_and_share_records(bodies, step):
    stream = b"".join(b"\x0b" + len(body).to_bytes(3, "big") + body for body in bodies)
    reader, seen = MessageReader(), []
    for at in range(0, len(stream), step):
        reader.feed(stream[at : at + step])
        while message := reader.next_message():
            seen.append(message)
    assert seen == [Message(kind=11, body=body) for body in bodies]
    assert reader.next_message() is None


def test_an_ssl2_record_is_read_only_where_it_may_come():
    for ssl2 in (True, False):
        reader = RecordReader(ssl2=ssl2)
        reader.feed(b"\x80")
        assert reader.next_record() is None
        reader.feed(b"\x03abcd")
        if ssl2:
            assert reader.next_record() == Record(
                content_type=SSL2_CONTENT, version=2, payload=b"abc"
            )
            assert reader.pending == b"d"
        else:
            with pytest.raises(MalformedError, match="not TLS"):
                reader.next_record()


@pytest.mark.parametrize("length", [0, RECORD_LIMIT + 1])
def test_a_record_is_refused_by_its_header(length):
    reader = RecordReader()
    reader.feed(b"\x16\x03\x03" + length.to_bytes(2, "big"))
    with pytest.raises(MalformedError, match="record"):
        reader.next_record()


def test_a_record_of_the_limit_is_read():
    reader = RecordReader()
    reader.feed(b"\x16\x03\x03" + RECORD_LIMIT.to_bytes(2, "big") + bytes(RECORD_LIMIT))
    record = reader.next_record()
    assert record
    assert len(record.payload) == RECORD_LIMIT


def test_records_are_counted():
    reader = RecordReader()
    reader.feed(b"\x16\x03\x03\x00\x01\x00" * (RECORDS_LIMIT + 1))
    for _ in range(RECORDS_LIMIT):
        assert reader.next_record()
    with pytest.raises(MalformedError, match="more than 64 records"):
        reader.next_record()


def test_a_message_is_refused_by_its_header():
    reader = MessageReader()
    reader.feed(b"\x0b" + (MESSAGE_LIMIT + 1).to_bytes(3, "big"))
    with pytest.raises(MalformedError, match="over the limit"):
        reader.next_message()
