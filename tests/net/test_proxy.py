"""Connections through a SOCKS5 proxy: a real one, and its replies one by one."""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager

import pytest

from lab.process import running
from lab.proxies import PORT, microsocks
from mailtls.net.dns import SystemResolver
from mailtls.net.interface import StreamError
from mailtls.net.live import LiveNetwork
from mailtls.net.proxy import ProxyNetwork
from mailtls.net.routes import SocksProxy
from mailtls.terms import Cause
from probe.peers import peer


def through(
    port: int, host: str = "127.0.0.1", *, user: str = "", password: str = ""
) -> ProxyNetwork:
    proxy = SocksProxy(host=host, port=port, user=user, password=password)
    return ProxyNetwork(proxy, LiveNetwork(SystemResolver()))


async def greeting(network: ProxyNetwork, port: int) -> bytes:
    stream = await network.connect("127.0.0.1", port)
    try:
        return await stream.receive()
    finally:
        stream.close()


@contextmanager
def greeter():
    def talk(connection):
        connection.sendall(b"220 behind\r\n")
        connection.recv(1)

    with peer(talk) as (port, _):
        yield port


def cause_of(network: ProxyNetwork, port: int) -> Cause:
    with pytest.raises(StreamError) as raised:
        asyncio.run(greeting(network, port))
    return raised.value.cause


def test_a_server_is_met_through_a_real_proxy(lab_folder, subnet):
    address = subnet.address()
    network = through(PORT, address)
    with greeter() as port, running(microsocks(lab_folder / "proxy", address)):
        assert asyncio.run(greeting(network, port)) == b"220 behind\r\n"
        found = asyncio.run(network.resolve("127.0.0.1"))
    assert found.addresses == ("127.0.0.1",)


def test_a_refusal_behind_a_real_proxy_is_a_refusal(lab_folder, subnet):
    with greeter() as port:
        pass
    address = subnet.address()
    with running(microsocks(lab_folder / "proxy", address)):
        assert cause_of(through(PORT, address), port) is Cause.REFUSED


@contextmanager
def scripted(*replies: bytes):
    """Give a proxy with these replies, one for each thing it is told, and keeps what it heard."""
    heard: list[bytes] = []

    def talk(connection):
        for reply in replies:
            heard.append(connection.recv(4096))
            connection.sendall(reply)

    with peer(talk) as (port, _):
        yield port, heard


NO_LOGIN = b"\x05\x00"
BOUND = b"\x00\x01\x00\x00\x00\x00\x00\x00"


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (1, Cause.UNREACHABLE),
        (2, Cause.UNREACHABLE),
        (3, Cause.UNREACHABLE),
        (4, Cause.UNREACHABLE),
        (5, Cause.REFUSED),
        (6, Cause.TIMED_OUT),
        (99, Cause.UNREACHABLE),
    ],
)
def test_each_reply_code_is_a_cause(code, cause):
    with scripted(NO_LOGIN, bytes([5, code]) + BOUND) as (port, _):
        assert cause_of(through(port), 25) is cause


@pytest.mark.parametrize(
    "replies", [(), (b"HTTP/1.1 400\r\n",), (NO_LOGIN, b"\x05"), (b"\x05\xff",)]
)
def test_a_proxy_that_makes_no_sense_leaves_the_question_open(replies):
    with scripted(*replies) as (port, _):
        assert cause_of(through(port), 25) is Cause.UNREACHABLE


def test_no_proxy_at_all_leaves_the_question_open():
    with greeter() as port:
        pass
    assert cause_of(through(port), 25) is Cause.UNREACHABLE


def test_the_login_is_made_and_nothing_that_follows_the_reply_is_lost():
    with scripted(b"\x05\x02", b"\x01\x00", b"\x05\x00" + BOUND + b"220 early\r\n") as (
        port,
        heard,
    ):
        assert (
            asyncio.run(greeting(through(port, user="u", password="canary"), 25))
            == b"220 early\r\n"
        )
    assert heard[1] == b"\x01\x01u\x06canary"
    assert heard[2] == b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x19"


def test_an_ipv6_address_is_sent_as_one():
    async def connect(port: int) -> None:
        (await through(port).connect("::1", 25)).close()

    with scripted(NO_LOGIN, b"\x05\x00" + BOUND) as (port, heard):
        asyncio.run(connect(port))
    assert heard[1] == b"\x05\x01\x00\x04" + socket.inet_pton(socket.AF_INET6, "::1") + b"\x00\x19"
