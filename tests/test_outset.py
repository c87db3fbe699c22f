"""What a run opens before its rules are loaded: a connection to each host, where one will be asked."""

from __future__ import annotations

import asyncio

import pytest

from factories import endpoint, policy
from mailtls.errors import UsageError
from mailtls.evidence import Resolved
from mailtls.net.proxy import ProxyNetwork
from mailtls.options import build_parser
from mailtls.outset import set_out
from mailtls.policy.model import AddressChoice
from mailtls.probe.questions import Service
from mailtls.terms import Expect
from probe.peers import peer, says


def opened(monkeypatch, *endpoints, words=()):
    """Return where connections were opened ahead for these endpoints, in order."""
    options = build_parser(("text",)).parse_args(["check", *words])
    made = []

    async def connect(_network, address, port):
        made.append((address, port))
        await asyncio.Event().wait()

    monkeypatch.setattr("mailtls.outset.LiveNetwork.connect", connect)

    async def run():
        async with set_out(policy(*endpoints), options):
            pass

    asyncio.run(run())
    return made


def at(host, port=587, **more):
    return endpoint(name=f"{host}:{port}", host=host, port=port, **more)


def test_each_host_is_connected_to_once(monkeypatch):
    made = opened(
        monkeypatch, at("192.0.2.1"), at("192.0.2.1", 993), at("192.0.2.2", 25), at("2001:db8::1")
    )

    assert made == [("192.0.2.1", 587), ("192.0.2.2", 25), ("2001:db8::1", 587)]


def test_where_connections_are_led_elsewhere_they_are_opened_there(monkeypatch):
    made = opened(
        monkeypatch,
        at("mail.example.org"),
        words=["--connect-to", "mail.example.org:587:127.0.0.1:1587"],
    )

    assert made == [("127.0.0.1", 1587)]


def test_the_endpoints_choice_of_addresses_counts(monkeypatch):
    made = opened(
        monkeypatch,
        at("192.0.2.1", addresses=("192.0.2.9", "192.0.2.8")),
        at("192.0.2.2", addresses=AddressChoice.IPV6),
    )

    assert made == [("192.0.2.9", 587)]


def test_a_port_that_is_to_be_closed_is_not_tried_nor_what_is_asked_behind_it(monkeypatch):
    closed = at("192.0.2.1", 110, expect=Expect.CLOSED)

    made = opened(monkeypatch, closed, at("192.0.2.1", 995), at("192.0.2.2", 995))

    assert made == [("192.0.2.2", 995)]


def test_nothing_is_opened_for_a_choice_of_rules(monkeypatch):
    assert opened(monkeypatch, at("192.0.2.1"), words=["--rule", "mode"]) == []


def test_no_more_are_opened_than_may_be_at_once(monkeypatch):
    hosts = [at(f"192.0.2.{number}") for number in range(1, 6)]

    made = opened(monkeypatch, *hosts, words=["--concurrency", "2"])

    assert made == [("192.0.2.1", 587), ("192.0.2.2", 587)]


def test_no_more_names_are_asked_for_than_may_be_at_once(monkeypatch):
    asked = []

    async def addresses(_resolver, host):
        asked.append(host)
        return Resolved(addresses=())

    monkeypatch.setattr("mailtls.outset.SystemResolver.addresses", addresses)
    hosts = [at(f"{letter}.example") for letter in "abc"]

    opened(monkeypatch, *hosts, words=["--concurrency", "2"])

    assert asked == ["a.example", "b.example"]


def test_while_a_connection_is_waited_for_the_rest_is_loaded(monkeypatch):
    loads = []
    monkeypatch.setattr("mailtls.outset.warm_up", lambda: loads.append(1))
    with peer(says(b"220 hello\r\n")) as (port, _):
        options = build_parser(("text",)).parse_args(["check"])

        async def run():
            async with set_out(policy(at("127.0.0.1", port)), options) as ways:
                (await ways.network.connect("127.0.0.1", port)).close()

        asyncio.run(run())
    assert loads == [1]


def test_every_address_of_an_endpoint_is_one_of_those(monkeypatch):
    many = at("192.0.2.1", addresses=("192.0.2.8", "192.0.2.9"))

    made = opened(monkeypatch, many, at("192.0.2.2"), words=["--concurrency", "2"])

    assert made == [("192.0.2.8", 587)]


def test_a_wrong_name_is_refused_before_a_packet(monkeypatch):
    with pytest.raises(UsageError, match="not a full host name"):
        opened(monkeypatch, at("192.0.2.1"), words=["--client-name", "localhost"])


def test_the_ways_are_those_of_the_options():
    words = ["--connect-to", ":587:127.0.0.1:1587", "--client-name", "probe.example.org"]
    options = build_parser(("text",)).parse_args(["check", *words])

    async def run():
        async with set_out(policy(), options) as ways:
            return ways

    ways = asyncio.run(run())
    there = Service(host="127.0.0.1", port=1587)
    assert ways.routes(Service(host="a.example", port=587)) == there
    assert ways.client_name == "probe.example.org"


@pytest.mark.parametrize(
    ("word", "asked"),
    [("192.0.2.53", ("192.0.2.53", 53, False)), ("tls://192.0.2.53", ("192.0.2.53", 853, True))],
)
def test_the_dns_server_is_asked_as_the_option_says(word, asked, monkeypatch):
    def server(address, port, *, tls):
        return address, port, tls

    monkeypatch.setattr("mailtls.outset.ServerResolver", server)
    options = build_parser(("text",)).parse_args(["check", "--resolver", word])

    async def run():
        async with set_out(policy(), options) as ways:
            return ways.resolver

    assert asyncio.run(run()) == asked


def test_a_proxy_is_the_way_of_what_is_opened_ahead(monkeypatch):
    made = []

    async def connect(_network, address, port):
        made.append((address, port))
        await asyncio.Event().wait()

    monkeypatch.setattr(ProxyNetwork, "connect", connect)
    options = build_parser(("text",)).parse_args(["check", "--proxy", "socks5://127.0.0.1:9"])

    async def run():
        async with set_out(policy(at("192.0.2.1")), options):
            pass

    asyncio.run(run())
    assert made == [("192.0.2.1", 587)]


def test_the_server_has_a_connection_before_anybody_asks():
    with peer(says(b"220 hello\r\n")) as (port, served):
        options = build_parser(("text",)).parse_args(["check"])

        async def run():
            async with set_out(policy(at("127.0.0.1", port)), options) as ways:
                for _ in range(500):
                    await asyncio.sleep(0 if served else 0.01)
                stream = await ways.network.connect("127.0.0.1", port)
                said = await stream.receive()
                stream.close()
                return said

        assert asyncio.run(run()) == b"220 hello\r\n"
        assert len(served) == 1
