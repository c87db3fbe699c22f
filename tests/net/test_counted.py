"""Connections that were tried are counted, whatever became of them."""

from __future__ import annotations

import asyncio

import pytest

from mailtls.net.counted import CountedNetwork
from mailtls.net.interface import StreamError
from probe.peers import network, peer, says


def test_each_connection_is_counted_also_one_that_is_refused():
    async def talk(counted: CountedNetwork, port: int) -> bytes:
        stream = await counted.connect("127.0.0.1", port)
        heard = await stream.receive()
        stream.close()
        return heard

    counted = CountedNetwork(network())
    with peer(says(b"220 hello\r\n")) as (port, _):
        assert asyncio.run(talk(counted, port)) == b"220 hello\r\n"
    with pytest.raises(StreamError):
        asyncio.run(talk(counted, port))
    assert counted.made == 2


def test_names_are_resolved_by_the_network_beneath():
    counted = CountedNetwork(network())
    found = asyncio.run(counted.resolve("127.0.0.1"))
    assert (found.addresses, counted.made) == (("127.0.0.1",), 0)
