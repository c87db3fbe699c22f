"""Errands over the live network of this machine, to servers that a test runs."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from mailtls.evidence import Missing
from mailtls.net.interface import StreamError
from mailtls.probe import errands
from mailtls.probe.errands import Errands
from mailtls.probe.web import Web
from mailtls.terms import Cause, Phase
from probe.peers import network, peer, settings

LATER = 60.0


def answer(body: bytes, status: bytes = b"200 OK"):
    def talk(connection):
        connection.recv(4096)
        size = str(len(body)).encode()
        connection.sendall(
            b"HTTP/1.1 " + status + b"\r\nContent-Length: " + size + b"\r\n\r\n" + body
        )

    return talk


def to(port):
    return lambda service: replace(service, host="127.0.0.1", port=port)


def run(*wanted, port=None, seconds=LATER, limit=1000, private=True):
    web = Web(network=network(), settings=settings())
    if port is not None:
        web = replace(web, routes=to(port))

    async def go():
        errand = Errands(web, deadline=time.monotonic() + seconds)
        jobs = (errand.fetch(url, limit, private=private) for url in wanted)
        return await asyncio.gather(*jobs)

    return asyncio.run(go())


def test_the_same_url_is_asked_once():
    with peer(answer(b"list")) as (port, served):
        got = run("http://a.test/l", "http://a.test/l", "http://a.test/m", port=port)
    assert got == [b"list"] * 3
    assert len(served) == 2


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (b"404 No", Cause.REFUSED),
        (b"301 Moved", Cause.REFUSED),
        (b"503 Busy", Cause.THROTTLED),
        (b"429 Slow", Cause.THROTTLED),
    ],
)
def test_another_status_is_no_body(status, cause):
    with peer(answer(b"x", status)) as (port, _):
        (got,) = run("http://a.test/", port=port)
    assert isinstance(got, Missing)
    assert got.cause is cause
    assert f"status {status[:3].decode()}" in got.detail
    assert ("redirect" in got.detail) is status.startswith(b"3")


def test_a_body_over_its_limit_is_not_kept():
    with peer(answer(b"x" * 1001)) as (port, _):
        (got,) = run("http://a.test/", port=port)
    assert isinstance(got, Missing)
    assert "longer than 1000 bytes" in got.detail


def test_a_run_that_has_read_enough_asks_no_more(monkeypatch):
    monkeypatch.setattr(errands, "RUN_LIMIT", 4)
    monkeypatch.setattr(errands, "AT_ONCE", 1)
    with peer(answer(b"list")) as (port, served):
        first, second = run("http://a.test/l", "http://a.test/m", port=port)
    assert first == b"list"
    assert isinstance(second, Missing)
    assert len(served) == 1


def test_no_time_left_is_no_request():
    with peer(answer(b"list")) as (port, served):
        (got,) = run("http://a.test/", port=port, seconds=-1)
    assert isinstance(got, Missing)
    assert (got.cause, served) == (Cause.TIMED_OUT, [])


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/", "https://127.0.0.1:80/", "http://h:443/"])
def test_a_port_of_anothers_choice_is_not_asked(url):
    with peer(answer(b"list")) as (port, served):
        (got,) = run(url.format(port))
    assert isinstance(got, Missing)
    assert (got.phase, got.cause, served) == (Phase.CONNECT, Cause.UNREACHABLE, [])
    assert "is not asked" in got.detail


@pytest.mark.parametrize("url", ["ldap://h/", "file:///etc/passwd", "http://u@h/", "x"])
def test_only_web_urls_are_asked(url):
    (got,) = run(url)
    assert isinstance(got, Missing)
    assert got.cause is Cause.MALFORMED


class Watched:
    """A network that only notes what it is asked to connect to."""

    def __init__(self):
        self.asked = []

    async def resolve(self, host):
        return await network().resolve(host)

    async def connect(self, address, port):
        self.asked.append((address, port))
        raise StreamError(Cause.REFUSED, "noted")


@pytest.mark.parametrize(
    ("url", "private", "asked"),
    [
        ("http://127.0.0.1/", True, [("127.0.0.1", 80)]),
        ("http://127.0.0.1/", False, []),
        ("https://8.8.8.8/", False, [("8.8.8.8", 443)]),
        ("http://169.254.169.254/", True, []),
        ("http://[::ffff:169.254.169.254]/", True, []),
    ],
)
def test_addresses_are_asked_as_far_as_they_may_be(url, private, asked):
    watched = Watched()

    async def go():
        errand = Errands(Web(network=watched, settings=settings()), deadline=time.monotonic() + 9)
        return await errand.fetch(url, 10, private=private)

    assert isinstance(asyncio.run(go()), Missing)
    assert watched.asked == asked
