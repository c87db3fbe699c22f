"""The live network on loopback: what the operating system says becomes one exception."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections.abc import Callable

import pytest

from mailtls.evidence import Resolved
from mailtls.net.dns import SystemResolver
from mailtls.net.interface import StreamError
from mailtls.net.live import LiveNetwork, translate
from mailtls.terms import Cause


def network() -> LiveNetwork:
    return LiveNetwork(SystemResolver())


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_bytes_go_both_ways_and_the_end_is_empty(listener):
    async def talk() -> list[bytes]:
        stream = await network().connect(*listener.getsockname())
        peer, _ = listener.accept()
        with peer:
            await stream.send(b"EHLO a\r\n")
            heard = peer.recv(100)
            peer.sendall(b"250 ok\r\n")
            answer = await stream.receive()
            await stream.half_close()
            fin = peer.recv(100)
        end = await stream.receive()
        stream.close()
        await stream.half_close()
        return [heard, answer, fin, end]

    assert asyncio.run(talk()) == [b"EHLO a\r\n", b"250 ok\r\n", b"", b""]


@pytest.mark.parametrize("reads", [True, False])
def test_an_end_is_a_reset_where_the_peer_has_not_read_to_it(reads, listener):
    async def talk() -> bytes | Cause:
        stream = await network().connect(*listener.getsockname())
        peer, _ = listener.accept()
        with peer:
            await stream.send(b"hello")
            if reads:
                peer.recv(100)
        try:
            return await stream.receive()
        except StreamError as error:
            return error.cause
        finally:
            stream.close()

    assert asyncio.run(talk()) == (b"" if reads else Cause.RESET)


def failure(listener: socket.socket, leave: Callable[[socket.socket], None]) -> Cause:
    """Return why nothing is received from a peer that leaves so."""

    async def talk() -> None:
        stream = await network().connect(*listener.getsockname())
        peer, _ = listener.accept()
        leave(peer)
        try:
            await stream.receive()
        finally:
            stream.close()

    with pytest.raises(StreamError) as caught:
        asyncio.run(talk())
    return caught.value.cause


def test_an_end_before_what_was_sent_has_arrived_is_a_reset_too(listener, monkeypatch):
    """What the peer's kernel has not acknowledged when it ends the connection it never reads."""
    monkeypatch.setattr("mailtls.net.live.fcntl.ioctl", lambda *_: (5).to_bytes(4, "little"))

    assert failure(listener, socket.socket.close) is Cause.RESET


@pytest.mark.parametrize(("says", "unread"), [(b"bye", 5), (b"", OSError(25, "not a typewriter"))])
def test_what_arrives_counts_and_so_does_an_end_of_which_no_more_is_known(
    says, unread, listener, monkeypatch
):
    """What was not acknowledged when an answer came may still be; and not every system tells."""

    def ioctl(*_: object) -> bytes:
        if isinstance(unread, OSError):
            raise unread
        return unread.to_bytes(4, "little")

    monkeypatch.setattr("mailtls.net.live.fcntl.ioctl", ioctl)

    async def talk() -> bytes:
        stream = await network().connect(*listener.getsockname())
        peer, _ = listener.accept()
        with peer:
            peer.sendall(says)
        try:
            return await stream.receive()
        finally:
            stream.close()

    assert asyncio.run(talk()) == says


def test_an_ipv6_address_is_connected_to_as_such():
    async def talk(port: int) -> bytes:
        stream = await network().connect("::1", port)
        peer, _ = server.accept()
        with peer:
            peer.sendall(b"220 six\r\n")
            greeting = await stream.receive()
        stream.close()
        return greeting

    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        assert asyncio.run(talk(server.getsockname()[1])) == b"220 six\r\n"


def test_a_closed_port_is_refused(listener):
    address, port = listener.getsockname()
    listener.close()

    with pytest.raises(StreamError) as caught:
        asyncio.run(network().connect(address, port))

    assert caught.value.cause is Cause.REFUSED


def test_a_reset_is_told_from_an_end(listener):
    def leave(peer: socket.socket) -> None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()

    assert failure(listener, leave) is Cause.RESET


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.ECONNREFUSED, Cause.REFUSED),
        (errno.ENETUNREACH, Cause.UNREACHABLE),
        (errno.EHOSTUNREACH, Cause.UNREACHABLE),
        (errno.ETIMEDOUT, Cause.TIMED_OUT),
        (errno.EPIPE, Cause.RESET),
        (errno.EMFILE, Cause.UNREACHABLE),
    ],
)
def test_every_error_has_a_cause(number, cause):
    error = translate(OSError(number, "words of the system"))

    assert error.cause is cause
    assert "words of the system" not in error.detail


def test_an_error_without_a_place_in_the_table_is_named():
    assert "EMFILE" in translate(OSError(errno.EMFILE, "")).detail


@pytest.mark.parametrize("literal", ["127.0.0.1", "::1"])
def test_a_literal_needs_no_resolver(literal):
    assert asyncio.run(network().resolve(literal)) == Resolved(addresses=(literal,))


def test_a_wait_is_told_when_a_name_is_asked_for_or_a_connection_is_on_its_way(listener):
    waits: list[str] = []
    live = LiveNetwork(SystemResolver(), on_wait=lambda: waits.append("waits"))

    async def talk() -> list[int]:
        await live.resolve("127.0.0.1")
        counts = [len(waits)]
        await live.resolve("localhost")
        counts.append(len(waits))
        stream = await live.connect(*listener.getsockname())
        await asyncio.sleep(0)
        counts.append(len(waits))
        stream.close()
        return counts

    assert asyncio.run(talk()) == [0, 1, 2]
