"""Every question of a plan to every address, politely: bounded, retried once, never held up.

Connections to one address share its turns, whatever the names and endpoints they are for.
The session of a target leads: its raw hellos start when it has been greeted, and are not sent at
all where it finds that there is nothing to learn.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from mailtls.book import EvidenceBook, select_addresses
from mailtls.evidence import (
    Capabilities,
    Evidence,
    FallbackEvidence,
    HelloEvidence,
    InjectionEvidence,
    Missing,
    NotObserved,
    Observation,
    Observed,
    PortEvidence,
    Resolved,
    SessionEvidence,
    UpgradeEvidence,
    WrongMode,
)
from mailtls.net.interface import Network
from mailtls.plan import Plan
from mailtls.probe.attempt import Attempt, Settings
from mailtls.probe.doubt import doubt
from mailtls.probe.perform import perform
from mailtls.probe.questions import Question, Service, Target, UpgradeQuestion
from mailtls.probe.turns import Turns
from mailtls.terms import Cause, Phase

RETRIED = frozenset({Cause.TIMED_OUT, Cause.RESET, Cause.CLOSED, Cause.THROTTLED})
"""What may be better a moment later; a refusal, a missing route or nonsense will not."""


@dataclass(frozen=True, slots=True, kw_only=True)
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
    """Asks the questions of a plan and collects the evidence."""

    def __init__(
        self,
        network: Network,
        *,
        limits: Limits,
        settings: Settings,
        routes: Callable[[Service], Service],
    ) -> None:
        self._network = network
        self._limits = limits
        self._settings = settings
        self._routes = routes
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
            found_here = resolutions[ask.service]
            known = () if isinstance(found_here, Missing) else found_here.addresses
            for address in select_addresses(known, ask.addresses):
                target = Target(host=ask.service.host, port=ask.service.port, address=address)
                asked = questions.setdefault(target, [])
                if ask.question not in asked:
                    asked.append(ask.question)
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
        return EvidenceBook(resolutions=resolutions, answers=answers)

    async def _resolve(self, host: str) -> Resolved | Missing:
        async with self._targets_at_once:
            return await self._network.resolve(host)

    async def _target(
        self, target: Target, questions: list[Question]
    ) -> Mapping[Question, Observation]:
        async with self._targets_at_once, self._admission[target.address]:
            deadline = time.monotonic() + self._limits.timeout
            lead, *others = questions
            greeted = asyncio.Event()
            answers: dict[Question, Observation] = {}
            async with asyncio.TaskGroup() as group:
                first = group.create_task(self._ask(lead, target, deadline, greeted.set))
                first.add_done_callback(lambda _: greeted.set())
                await greeted.wait()
                followers = {
                    question: group.create_task(self._ask(question, target, deadline, lambda: None))
                    for question in others
                    if not first.done() or _can_learn(question, first.result())
                }
            answers[lead] = first.result()
            for question in others:
                answers[question] = (
                    followers[question].result()
                    if question in followers
                    else _not_asked(first.result())
                )
            if (more := doubt(answers)) is not None:
                answers[more] = await self._ask(more, target, deadline, lambda: None)
            return answers

    async def _ask(
        self, question: Question, target: Target, deadline: float, on_progress: Callable[[], None]
    ) -> Observation:
        port = self._routes(Service(host=target.host, port=target.port)).port
        made = 0
        while True:
            async with self._turns[target.address] as turns:
                seen = await perform(
                    Attempt(
                        question=question,
                        target=target,
                        port=port,
                        settings=self._settings,
                        deadline=deadline,
                        on_progress=on_progress,
                    ),
                    self._network,
                )
            made += 1
            trouble = _trouble(seen)
            if trouble is Cause.THROTTLED:
                turns.be_gentle()
            pause = self._limits.pause * (10 if trouble is Cause.THROTTLED else 1)
            if (
                trouble not in RETRIED
                or made > self._limits.retries
                or time.monotonic() + pause >= deadline
            ):
                return replace(seen, attempts=made)
            await asyncio.sleep(pause)


def _steps(evidence: Evidence) -> tuple[object, ...]:
    """Return the steps that evidence rests on, in the order of the wire."""
    match evidence:
        case SessionEvidence() as seen:
            return (
                seen.greeting,
                seen.before,
                seen.upgrade,
                seen.tls,
                seen.greeting_after,
                seen.after,
            )
        case UpgradeEvidence() as seen:
            said = (seen.unannounced, seen.before, seen.clear, seen.upgrade, seen.tls)
            return (*said, seen.forgotten, seen.after, seen.protected)
        case InjectionEvidence() | FallbackEvidence() as seen:
            return (seen.upgrade, seen.answer)
        case HelloEvidence() | PortEvidence():
            return ()


def _trouble(seen: Observation) -> Cause | None:
    """Return what kept the question from its answer, None where it was answered."""
    if isinstance(seen, NotObserved):
        return seen.missing.cause
    for step in _steps(seen.evidence):
        if isinstance(step, Missing):
            return step.cause
    return None


def _can_learn(question: Question, lead: Observation) -> bool:
    """Return whether a question has something to learn where the lead has ended already."""
    match lead:
        case Observed(evidence=SessionEvidence(tls=Missing() as missing, before=before)):
            in_clear = isinstance(question, UpgradeQuestion) and question.clear
            return missing.phase is Phase.HANDSHAKE or (
                in_clear and isinstance(before, Capabilities)
            )
        case Observed(evidence=SessionEvidence(tls=WrongMode())):
            return False
        case Observed():
            return True
        case NotObserved():
            return False


def _not_asked(lead: Observation) -> NotObserved:
    """Return the answer of a question that the lead made pointless."""
    phase, detail = Phase.CONNECT, "the session before it did not get that far"
    match lead:
        case NotObserved(missing=missing):
            phase, detail = missing.phase, missing.detail
        case Observed(evidence=SessionEvidence(tls=Missing() as missing)):
            phase, detail = missing.phase, missing.detail
        case Observed(evidence=SessionEvidence(tls=WrongMode(spoken=spoken))):
            phase, detail = Phase.HANDSHAKE, f"the port speaks {spoken.value}"
    return NotObserved(
        missing=Missing(phase=phase, cause=Cause.PREREQUISITE, detail=detail),
        transcript=(),
        seconds=0.0,
        attempts=0,
    )
