"""The one loop: what it sends, when it stops, and what it makes of a peer that does not."""

from __future__ import annotations

import asyncio

from mailtls.evidence import Missing
from mailtls.net.interface import StreamError
from mailtls.probe.conversation import (
    BYTE_LIMIT,
    BoundedStream,
    TlsStream,
    converse,
    drain,
)
from mailtls.terms import Cause, Phase


class Script:
    """A stream that gives what it was told to, and notes what it was sent."""

    def __init__(self, *parts: bytes | StreamError | float) -> None:
        self.parts = list(parts)
        self.sent: list[bytes] = []
        self.half_closed = 0

    async def send(self, data: bytes) -> None:
        self.sent.append(data)

    async def receive(self) -> bytes:
        part = self.parts.pop(0) if self.parts else b""
        if isinstance(part, StreamError):
            raise part
        if isinstance(part, float):
            await asyncio.sleep(part)
            return b""
        return part

    async def half_close(self) -> None:
        self.half_closed += 1

    def close(self) -> None:
        self.parts = []


class Echo:
    """An engine that wants `wanted` bytes after it said hello."""

    phase = Phase.GREETING
    trailing = b""
    transcript = ()

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.heard = b""
        self.outgoing = b"hello"
        self.outcome: bytes | Missing | None = None

    def data_to_send(self) -> bytes:
        data, self.outgoing = self.outgoing, b""
        return data

    def receive_data(self, data: bytes) -> None:
        self.heard += data
        if len(self.heard) >= self.wanted:
            self.outcome = self.heard

    def receive_eof(self) -> None:
        self.outcome = Missing(phase=self.phase, cause=Cause.CLOSED, detail="closed")


def test_it_sends_feeds_and_stops_at_the_outcome():
    stream, engine = Script(b"ab", b"cd", b"never read"), Echo(4)

    assert asyncio.run(converse(stream, engine, seconds=5)) == b"abcd"
    assert stream.sent == [b"hello"]
    assert stream.parts == [b"never read"]


def test_what_goes_on_meanwhile_does_so_once_behind_the_first_words_and_before_any_answer():
    stream, engine = Script(b"ab", b"cd"), Echo(4)
    seen = []

    def meanwhile() -> None:
        seen.append((list(stream.sent), list(stream.parts)))

    asyncio.run(converse(stream, engine, seconds=5, meanwhile=meanwhile))
    assert seen == [([b"hello"], [b"ab", b"cd"])]


def test_the_end_of_the_stream_is_the_engines_to_judge():
    outcome = asyncio.run(converse(Script(b"a"), Echo(4), seconds=5))

    assert outcome == Missing(phase=Phase.GREETING, cause=Cause.CLOSED, detail="closed")


def test_a_broken_connection_and_a_late_peer_are_told_in_the_engines_phase():
    broken = asyncio.run(converse(Script(StreamError(Cause.RESET, "reset")), Echo(1), seconds=5))
    late = asyncio.run(converse(Script(30.0), Echo(1), seconds=0.05))

    assert broken == Missing(phase=Phase.GREETING, cause=Cause.RESET, detail="reset")
    assert isinstance(late, Missing)
    assert (late.phase, late.cause) == (Phase.GREETING, Cause.TIMED_OUT)


def test_a_stream_counts_and_ends_at_its_limit():
    stream = BoundedStream(Script(b"first", b"x" * BYTE_LIMIT))

    assert asyncio.run(stream.receive()) == b"first"
    assert (stream.first, stream.received) == (b"first", 5)
    outcome = asyncio.run(converse(stream, Echo(1 << 30), seconds=5))
    assert isinstance(outcome, Missing)
    assert outcome.cause is Cause.MALFORMED


class Box:
    """A channel that encrypts by upper case and has records without plaintext."""

    def __init__(self) -> None:
        self.plain: list[bytes] = []
        self.out = b""

    def write(self, data: bytes) -> None:
        self.out += data.upper()

    def read(self) -> bytes:
        return self.plain.pop(0) if self.plain else b""

    def data_to_send(self) -> bytes:
        data, self.out = self.out, b""
        return data

    def receive_data(self, data: bytes) -> None:
        if data == b"TICKET":
            self.out += b"ACK"
        else:
            self.plain.append(data.lower())

    def close_notify(self) -> None:
        self.out += b"BYE"


def test_the_inside_of_tls_is_a_stream():
    outer = Script(b"TICKET", b"HI")
    inside = TlsStream(outer, Box())

    asyncio.run(inside.send(b"quit"))

    assert asyncio.run(inside.receive()) == b"hi"
    assert asyncio.run(inside.receive()) == b""
    asyncio.run(inside.half_close())
    assert outer.sent == [b"QUIT", b"ACK", b"BYE"]
    assert outer.half_closed == 1


def test_a_drain_reads_to_the_end_and_no_longer_than_it_may():
    tidy, stubborn = Script(b"rest", b"more"), Script(30.0)
    broken = Script(StreamError(Cause.RESET, "gone"))

    for stream in (tidy, stubborn, broken):
        asyncio.run(drain(stream, seconds=0.05))

    assert tidy.parts == []
    assert tidy.half_closed == stubborn.half_closed == broken.half_closed == 1
