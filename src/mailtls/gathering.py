"""The live half of a check: from a plan to the evidence, by the network that the options describe."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import socket
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from mailtls.arguments import DnsServer
from mailtls.book import EvidenceBook
from mailtls.errors import UsageError
from mailtls.net.dns import Resolver, ServerResolver, SystemResolver
from mailtls.net.interface import Network
from mailtls.net.live import LiveNetwork
from mailtls.net.proxy import ProxyNetwork
from mailtls.net.routes import Routes
from mailtls.plan import Plan
from mailtls.probe.attempt import Settings
from mailtls.probe.questions import RevocationQuestion
from mailtls.probe.runner import Limits, Runner
from mailtls.warmup import warm_up

if TYPE_CHECKING:
    from mailtls.tls.path import SystemAnchors

_HOST_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


async def gather(
    plan: Plan, options: argparse.Namespace, anchors: bytes, now: datetime
) -> EvidenceBook:
    """Ask every question of a plan; `anchors` are those of `--ca-file`, `now` is the clock of the run."""
    network, routes = _network(options), Routes(detours=options.connect_to)
    settings = Settings(
        client_name=_client_name(options.client_name),
        extra_anchors=anchors,
        system_anchors=_system_anchors,
        randomness=os.urandom,
        now=_constant(now),
    )
    runner = Runner(
        network,
        limits=Limits(
            timeout=options.timeout,
            per_host=options.per_host,
            concurrency=options.concurrency,
            retries=options.retries,
            gentle=options.gentle,
        ),
        settings=settings,
        routes=routes,
    )
    asyncio.get_running_loop().call_soon(warm_up)
    book = await runner.run(plan)
    if not any(isinstance(ask.question, RevocationQuestion) for ask in plan.asks):
        return book
    # Late: few runs speak HTTP, and its library is a good part of what a run has to load.
    from mailtls.probe.revocation import ask_revocation
    from mailtls.probe.web import Web

    web = Web(network=network, settings=settings, routes=routes)
    return await ask_revocation(plan, book, web, seconds=options.timeout)


@cache
def _system_anchors() -> SystemAnchors:
    from mailtls.tls.path import system_anchors

    return system_anchors(os.environ)


def _network(options: argparse.Namespace) -> Network:
    direct = LiveNetwork(_resolver(options.resolver))
    return direct if options.proxy is None else ProxyNetwork(options.proxy, direct)


def _constant(now: datetime) -> Callable[[], datetime]:
    """Return the clock of a run: one moment, so that every certificate is judged by the same."""
    return lambda: now


def _resolver(server: DnsServer | None) -> Resolver:
    if server is None:
        return SystemResolver()
    return ServerResolver(server.address, server.port, tls=server.tls)


def _client_name(given: str | None) -> str:
    """Return the name for EHLO: a full host name (RFC 5321 4.1.1.1), or one that is reserved."""
    if given is not None:
        if not _HOST_NAME.fullmatch(given):
            raise UsageError(f"--client-name {given}: not a full host name")
        return given
    own = socket.gethostname()
    return own if _HOST_NAME.fullmatch(own) else "mailtls.invalid"
