"""Every question of a plan to every address, politely: bounded, retried once, never held up.

Connections to one address share its turns, whatever the names and endpoints they are for.
The session of a target leads: its raw hellos start when it has been greeted and offers the upgrade, and
are not sent at all where it finds that there is nothing to learn.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from mailtls.book import EvidenceBook
from mailtls.evidence import Missing, Observation, Resolved
from mailtls.net.interface import Network
from mailtls.plan import Plan
from mailtls.probe.attempt import Attempt, Settings
from mailtls.probe.doubt import doubt, is_answered
from mailtls.probe.family import ask_family
from mailtls.probe.folding import Call, Family, connections, fold
from mailtls.probe.outcome import RETRIED, Asked, answers_to, counted, late, worth_asking
from mailtls.probe.perform import perform
from mailtls.probe.questions import (
    Offer,
    Question,
    RevocationQuestion,
    Service,
    Target,
    select_addresses,
)
from mailtls.probe.shown import may_be_shown, shows
from mailtls.probe.turns import Turns
from mailtls.pure import pure
from mailtls.terms import Cause


@pure
class Limits:
    """How hard a run may try: seconds for one target, connections to one address, targets at once.

    `pause` is the wait in seconds before a second try, ten times as long after throttling. `gentle`
    is one connection to an address at a time, and at most one a second.
    """

    timeout: float
    per_host: int
    concurrency: int
    retries: int
    pause: float = 0.5
    gentle: bool = False


class Runner:
    """Asks the questions of a plan and collects the evidence.

    `on_open` is called with each change of the number of targets that are open.
    """

    def __init__(
        self,
        network: Network,
        *,
        limits: Limits,
        settings: Settings,
        routes: Callable[[Service], Service],
        on_open: Callable[[int], None] = lambda _change: None,
    ) -> None:
        self._network = network
        self._limits = limits
        self._settings = settings
        self._routes = routes
        self._on_open = on_open
        self._turns = defaultdict[str, Turns](lambda: Turns(limits.per_host, gentle=limits.gentle))
        # Targets of one address are admitted by halves, so that the wait for a turn, which counts
        # against a target's own deadline, is never longer than a few connections of a neighbour.
        at_once = 1 if limits.gentle else max(1, limits.per_host // 2)
        self._admission = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(at_once))
        self._targets_at_once = asyncio.Semaphore(limits.concurrency)

    async def run(self, plan: Plan) -> EvidenceBook:
        """Resolve every host, ask every question, and return all answers."""
        services = dict.fromkeys(ask.service for ask in plan.asks)
        hosts = list(dict.fromkeys(self._routes(service).host for service in services))
        found = await asyncio.gather(*(self._resolve(host) for host in hosts))
        by_host = dict(zip(hosts, found, strict=True))
        resolutions = {service: by_host[self._routes(service).host] for service in services}
        questions: dict[Target, list[Question]] = {}
        for ask in plan.asks:
            if isinstance(ask.question, RevocationQuestion):
                continue  # `probe.revocation` asks it, of others
            found_here = resolutions[ask.service]
            known = () if isinstance(found_here, Missing) else found_here.addresses
            for address in select_addresses(known, ask.addresses):
                target = Target(host=ask.service.host, port=ask.service.port, address=address)
                asked = questions.setdefault(target, [])
                if ask.question not in asked:
                    asked.append(ask.question)
        self._on_open(len(questions))
        async with asyncio.TaskGroup() as group:
            tasks = {
                target: group.create_task(self._target(target, asked))
                for target, asked in questions.items()
            }
        answers = {
            (target, question): observation
            for target, task in tasks.items()
            for question, observation in task.result().items()
        }
        led = {service: self._routes(service).host for service in services}
        return EvidenceBook(resolutions=resolutions, answers=answers, led=led)

    async def _resolve(self, host: str) -> Resolved | Missing:
        async with self._targets_at_once:
            return await self._network.resolve(host)

    async def _target(
        self, target: Target, questions: list[Question]
    ) -> Mapping[Question, Observation]:
        async with self._targets_at_once, self._admission[target.address]:
            ask = partial(self._ask, target, time.monotonic() + self._limits.timeout)
            lead, *others = folded = fold(questions)
            assert isinstance(lead, Call)
            greeted = asyncio.Event()
            # Where all connections may be open at once, they are, as soon as the server lets one in.
            at_once = connections(folded) <= self._limits.per_host

            def first_bytes(data: bytes) -> None:
                from mailtls.dialects.classify import welcomes

                if at_once and welcomes(data):
                    greeted.set()

            async with asyncio.TaskGroup() as group:
                first = group.create_task(ask(lead, on_progress=greeted.set, on_first=first_bytes))
                first.add_done_callback(lambda _: greeted.set())
                await greeted.wait()
                ended = first.result().seen if first.done() else None
                followers = []
                for each in worth_asking(others, ended):
                    # Turns are taken in this order, the longest way first.
                    queued = asyncio.Event()
                    followers.append(group.create_task(_follow(each, ask, first, queued.set)))
                    await queued.wait()
            self._on_open(-1)
            asked = [first.result(), *(each for task in followers for each in task.result())]
            answers = dict(answers_to(questions, asked))
            told: list[Question] = []
            while (more := doubt(answers, told)) is not None:
                before = answers.get(more)
                seen = (await ask(Call(question=more), alone=before is not None)).seen
                if before is not None:
                    if is_answered(seen):  # alone, and not among others
                        self._turns[target.address].be_gentle()
                    seen = replace(seen, attempts=before.attempts + seen.attempts)
                answers[more] = seen
                told.append(more)
            return answers

    async def _ask(
        self,
        target: Target,
        deadline: float,
        call: Call,
        *,
        alone: bool = False,
        on_progress: Callable[[], None] = lambda: None,
        on_first: Callable[[bytes], None] = lambda _: None,
        started: asyncio.Event | None = None,
        decided: Awaitable[Offer] | None = None,
        on_answer: Callable[[object], None] = lambda _: None,
    ) -> Asked:
        port = self._routes(Service(host=target.host, port=target.port)).port
        turns = self._turns[target.address]
        kept: Asked | None = None
        made = 0
        while True:
            async with turns.until(deadline, alone=alone) as mine:
                if not mine:
                    return late(call) if kept is None else counted(kept, made)
                if started is not None:
                    started.set()
                attempt = Attempt(
                    question=call.question,
                    target=target,
                    port=port,
                    settings=self._settings,
                    deadline=deadline,
                    on_progress=on_progress,
                    on_first=on_first,
                    on_answer=on_answer,
                    carries=call.carries,
                    decided=decided,
                )
                asked = Asked(
                    call=call, seen=await perform(attempt, self._network), heard=attempt.heard
                )
            made += 1
            if asked.undecided and decided is not None:
                await decided
                continue
            kept = asked if kept is None else kept.improved(asked)
            trouble = asked.trouble
            if trouble is Cause.THROTTLED:
                turns.be_gentle()
            pause = self._limits.pause * (10 if trouble is Cause.THROTTLED else 1)
            if (
                trouble not in RETRIED
                or made > self._limits.retries
                or time.monotonic() + pause >= deadline
            ):
                return counted(kept, made)
            call = asked.retried
            await asyncio.sleep(pause)


async def _follow(
    each: Call | Family,
    ask: Callable[..., Awaitable[Asked]],
    lead: asyncio.Task[Asked],
    on_queued: Callable[[], None],
) -> list[Asked]:
    if isinstance(each, Call):
        on_queued()
        if may_be_shown(each.question) and shows((await lead).seen, each.question):
            return []
        return [await ask(each)]

    async def hello(call: Call, **more: Any) -> Observation:  # noqa: ANN401 - as of `Ask`
        return (await ask(call, **more)).seen

    answers = await ask_family(each, hello, on_queued=on_queued)
    return [Asked(call=Call(question=q), seen=seen) for q, seen in answers.items()]
