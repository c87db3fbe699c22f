"""The first packets of a run: they leave before the rules are loaded, and are on their way meanwhile."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from mailtls.arguments import DnsServer
from mailtls.means import client_name
from mailtls.net.ahead import AheadNetwork, Wish
from mailtls.net.dns import Resolver, ServerResolver, SystemResolver
from mailtls.net.interface import Network
from mailtls.net.live import LiveNetwork
from mailtls.net.proxy import ProxyNetwork
from mailtls.net.routes import Routes
from mailtls.policy.model import Policy
from mailtls.probe.questions import Service, select_addresses
from mailtls.pure import pure
from mailtls.terms import Expect
from mailtls.warmup import warm_up


@pure
class Ways:
    """How a run reaches what: its network, its DNS, where `--connect-to` leads, its own name."""

    network: Network
    resolver: Resolver
    routes: Routes
    client_name: str


@asynccontextmanager
async def set_out(policy: Policy, options: argparse.Namespace) -> AsyncIterator[Ways]:
    """Open a connection to each host that is among the first to be asked, and give the ways.

    The probe begins with as many addresses as `--concurrency`, in the policy's order. A choice of rules
    may ask nothing of an endpoint: where there is one, nothing is opened ahead. Raises UsageError,
    before a packet is sent.
    """
    own_name = client_name(options.client_name)
    resolver = _resolver(options.resolver)
    routes = Routes(detours=options.connect_to)
    direct = LiveNetwork(resolver, on_wait=warm_up)
    way = direct if options.proxy is None else ProxyNetwork(options.proxy, direct)
    wishes = []
    for endpoint in () if options.rule else policy.endpoints[: options.concurrency]:
        service = routes(Service(host=endpoint.host, port=endpoint.port))
        choose = partial(select_addresses, choice=endpoint.addresses)
        opens = endpoint.expect is not Expect.CLOSED
        wishes.append(Wish(host=service.host, port=service.port, choose=choose, opens=opens))
    async with AheadNetwork(way) as network:
        await network.dial(wishes, most=options.concurrency)
        yield Ways(network=network, resolver=resolver, routes=routes, client_name=own_name)


def _resolver(server: DnsServer | None) -> Resolver:
    if server is None:
        return SystemResolver()
    return ServerResolver(server.address, server.port, tls=server.tls)
