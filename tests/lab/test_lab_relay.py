"""The relay counts what both sides say in turn, and nothing else."""

from __future__ import annotations

import socket

from lab.relay import Relay
from probe.peers import peer, says


def test_a_round_trip_is_what_follows_an_answer():
    with peer(says(b"hello", b"one", b"two")) as (port, _), Relay("127.0.0.1", port) as relay:
        with socket.create_connection(("127.0.0.1", relay.port)) as client:
            assert client.recv(9) == b"hello"
            client.sendall(b"1")
            assert client.recv(9) == b"one"
            client.sendall(b"2")
            assert client.recv(9) == b"two"
            client.sendall(b"bye")
        (passed,) = relay.passed
    # The connection, and two writes that were answered; the last was not.
    assert len(passed.trips) == 3
    assert passed.trips == sorted(passed.trips)


def test_each_connection_is_counted_by_itself():
    with peer(says(b"hello")) as (port, _), Relay("127.0.0.1", port) as relay:
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", relay.port)) as client:
                assert client.recv(9) == b"hello"
        assert [len(each.trips) for each in relay.passed] == [1, 1]
