"""The hellos about suites, one answer choosing the next, so that two are enough.

The second connection is opened beside the first and waits at the go-ahead until the answer says what
it is to ask: a round trip more, where one behind the other would be five.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from mailtls.evidence import AlertAnswer, ClosedAnswer, Observation, ServerAnswer
from mailtls.probe.folding import Call, Family, answer_of, slices
from mailtls.probe.questions import HelloQuestion, Offer

Answers = dict[HelloQuestion, Observation]


class Ask(Protocol):
    """Ask one hello; `started` is set when its turn has come, `decided` chooses what it offers.

    `on_answer` gets the server's answer as soon as it is there, before the connection has ended.
    """

    async def __call__(
        self,
        call: Call,
        *,
        started: asyncio.Event | None = None,
        decided: Awaitable[Offer] | None = None,
        on_answer: Callable[[object], None] = ...,
    ) -> Observation:
        """Return the answer."""
        ...


async def ask_family(
    family: Family, ask: Ask, *, on_queued: Callable[[], None] = lambda: None
) -> Answers:
    """Return the answers to the control and to every part, each connection counted once.

    `on_queued` is called when the first has its turn and the second is about to ask for one.
    """
    seen, answers = await _first_two(family, ask, on_queued)
    for left in family.rest(answer_of(seen))[1:]:
        answers[left] = await ask(Call(question=left))
    # The first hello is counted with its first part.
    shared = replace(seen, attempts=0)
    short = answers.pop(family.short, None)
    if short is not None:
        answers[family.control] = short
        if isinstance(answer_of(short), ServerAnswer):
            control = await ask(Call(question=family.control))
            answers[family.control] = _counted(control, short)
    if isinstance(answer_of(seen), ServerAnswer):
        answers.setdefault(family.control, shared)
    for part in family.parts:
        answers.setdefault(part, shared)
    first, *_ = family.parts
    answers[first] = _counted(answers[first], seen)
    control = answers[family.control]
    if isinstance(answer_of(control), AlertAnswer | ClosedAnswer):
        await _ask_slices(family, ask, answers, short)
    return answers


async def _first_two(
    family: Family, ask: Ask, on_queued: Callable[[], None]
) -> tuple[Observation, Answers]:
    started = asyncio.Event()
    decided: asyncio.Future[Offer] = asyncio.get_running_loop().create_future()

    def choose(answer: object) -> None:
        if not decided.done():
            chosen, *_ = family.rest(answer)
            decided.set_result(chosen.offer)

    async with asyncio.TaskGroup() as group:
        # The end of the first takes a round trip more than its answer.
        first = group.create_task(
            ask(Call(question=family.first), started=started, on_answer=choose)
        )
        first.add_done_callback(lambda _: started.set())
        # A turn of its own before the first has one could keep that from ever coming.
        await started.wait()
        second = group.create_task(ask(Call(question=family.control), decided=decided))
        if len(family.parts) == 1:
            choose(None)  # no answer changes it
        on_queued()
        seen = await first
        choose(answer_of(seen))
    asked, *_ = family.rest(answer_of(seen))
    return seen, {asked: second.result()}


async def _ask_slices(
    family: Family, ask: Ask, answers: Answers, short: Observation | None
) -> None:
    """Where the control is refused for its length, it seems, ask again in slices beside a short one."""
    control = answers[family.control]
    if short is None:
        short = await ask(Call(question=family.short))
        control = answers[family.control] = _counted(control, short)
    if not isinstance(answer_of(short), ServerAnswer):
        return
    answers[family.control] = replace(short, attempts=control.attempts)
    for part in family.parts:
        if not isinstance(answer_of(answers[part]), ServerAnswer):
            found = [await ask(Call(question=piece)) for piece in slices(part)]
            decided = replace(_decisive(found), attempts=answers[part].attempts)
            answers[part] = _counted(decided, *found)


def _counted(seen: Observation, *others: Observation) -> Observation:
    """Return an observation that counts the connections of others with its own."""
    return replace(seen, attempts=seen.attempts + sum(each.attempts for each in others))


def _decisive(found: list[Observation]) -> Observation:
    """Return the slice that decides: one that was answered, else one that was not, else a refusal."""

    def rank(seen: Observation) -> int:
        answer = answer_of(seen)
        return 0 if isinstance(answer, ServerAnswer) else 2 if answer is not None else 1

    return min(found, key=rank)
