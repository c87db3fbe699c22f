"""From a policy and the options of a run to the evidence: the probe, the CAs, the deliveries."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from mailtls.book import EvidenceBook
from mailtls.net.counted import CountedNetwork
from mailtls.net.machine import in_job_container
from mailtls.outset import Ways
from mailtls.plan import build_plan
from mailtls.policy.model import Policy
from mailtls.probe.attempt import Settings
from mailtls.probe.questions import RevocationQuestion
from mailtls.probe.runner import Limits, Runner
from mailtls.progress import Progress, manner, shown
from mailtls.rules import mode
from mailtls.rules.base import Rule

if TYPE_CHECKING:
    from mailtls.sending import Sending
    from mailtls.tls.path import SystemAnchors


async def gather(
    policy: Policy,
    rules: Sequence[Rule],
    options: argparse.Namespace,
    ways: Ways,
    *,
    anchors: bytes,
    now: datetime,
    sending: Sending | None,
) -> EvidenceBook:
    """Probe every endpoint, ask the CAs where a rule wants it, and send what is to be sent."""
    network, routes = ways.network, ways.routes
    settings = Settings(
        client_name=ways.client_name,
        extra_anchors=anchors,
        system_anchors=_system_anchors,
        randomness=os.urandom,
        now=lambda: now,  # one moment, so that every certificate is judged by the same
    )
    progress = Progress(
        manner(sys.stderr, os.environ, quiet=options.quiet), sys.stderr, time.monotonic
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
        on_open=progress.opened,
    )
    # A delivery goes to addresses that the probe finds, also where no other rule is asked.
    plan = build_plan(policy, (*rules, *((mode.RULE,) if sending else ())))
    async with shown(progress):
        found = await runner.run(plan)
        book = replace(found, in_container=in_job_container(os.environ))
        revocable = any(isinstance(ask.question, RevocationQuestion) for ask in plan.asks)
        if not revocable and sending is None:
            return book
        # Late: few runs speak HTTP, and its library is a good part of what a run has to load.
        from mailtls.probe.web import Web

        web = Web(network=network, settings=settings, routes=routes)
        if revocable:
            from mailtls.probe.revocation import ask_revocation

            book = await ask_revocation(plan, book, web, seconds=options.timeout)
        if sending is not None:
            from mailtls.sending import deliver

            counted = CountedNetwork(network)
            web = replace(web, network=counted)
            book = await deliver(
                sending, policy, book, web, texts=ways.resolver.texts, seconds=options.timeout
            )
            book = replace(book, carrying=counted.made)
        return book


@cache
def _system_anchors() -> SystemAnchors:
    from mailtls.tls.path import system_anchors

    return system_anchors(os.environ)
