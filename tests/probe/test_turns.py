"""Turns to connect: some at once, and from a word on one after another, a second apart."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

from mailtls.probe.turns import GENTLE_SECONDS, Turns


class Clock:
    """Seconds that pass only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def starts(turns: Turns, clock: Clock, count: int) -> tuple[list[float], int]:
    """Let `count` tasks take a turn; return when each started, and how many ever were at once."""
    began: list[float] = []
    at_once: list[int] = []
    running: set[int] = set()

    async def take(number: int) -> None:
        async with turns:
            began.append(clock.now)
            running.add(number)
            at_once.append(len(running))
            for _ in range(3):
                await asyncio.sleep(0)
            running.discard(number)

    async def all_of_them() -> None:
        await asyncio.gather(*(take(number) for number in range(count)))

    asyncio.run(all_of_them())
    return began, max(at_once)


def test_some_are_taken_at_once():
    clock = Clock()
    turns = Turns(4, gentle=False, clock=clock, sleep=clock.sleep)

    assert starts(turns, clock, 10) == ([100.0] * 10, 4)


def test_gently_it_is_one_at_a_time_and_a_second_apart():
    clock = Clock()
    turns = Turns(4, gentle=True, clock=clock, sleep=clock.sleep)

    assert starts(turns, clock, 4) == ([100.0 + n * GENTLE_SECONDS for n in range(4)], 1)


def test_it_changes_at_a_word():
    clock = Clock()
    turns = Turns(4, gentle=False, clock=clock, sleep=clock.sleep)
    turns.be_gentle()
    turns.be_gentle()

    assert starts(turns, clock, 3) == ([100.0 + n * GENTLE_SECONDS for n in range(1, 4)], 1)


def test_alone_it_waits_for_all_others_and_a_second_and_keeps_them_waiting():
    clock = Clock()
    turns = Turns(4, gentle=False, clock=clock, sleep=clock.sleep)
    events: list[tuple[str, float]] = []

    async def take(name: str, turn: AbstractAsyncContextManager[object]) -> None:
        async with turn:
            events.append((f"{name} begins", clock.now))
            for _ in range(5):
                await asyncio.sleep(0)
            events.append((f"{name} ends", clock.now))

    async def all_of_them() -> None:
        before = asyncio.create_task(take("before", turns))
        await asyncio.sleep(0)
        await asyncio.gather(
            before,
            take("first", turns.alone()),
            take("second", turns.alone()),
            take("behind", turns),
        )

    asyncio.run(all_of_them())
    assert [name for name, _ in events[::2]] == [
        f"{each} begins" for each in ("before", "first", "second", "behind")
    ]
    assert [name.split()[0] for name, _ in events[::2]] == [
        name.split()[0] for name, _ in events[1::2]
    ]
    assert [when for _, when in events[::2]] == [100.0, 101.0, 102.0, 102.0]


def test_whoever_gives_up_being_alone_lets_others_in():
    clock = Clock()

    async def run() -> list[float]:
        turns = Turns(2, gentle=False, clock=clock, sleep=clock.sleep)
        async with turns:
            waiting = asyncio.create_task(turns.alone().__aenter__())
            for _ in range(3):
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            async with turns:
                return [clock.now]

    assert asyncio.run(run()) == [100.0]


def test_gently_the_next_turn_is_a_second_behind_one_alone():
    clock = Clock()

    async def run() -> list[float]:
        turns = Turns(2, gentle=True, clock=clock, sleep=clock.sleep)
        began = []
        for turn in (turns, turns.alone(), turns):
            async with turn:
                began.append(clock.now)
        return began

    assert asyncio.run(run()) == [100.0, 101.0, 102.0]


def test_a_turn_that_is_given_up_while_it_waits_is_free_again():
    clock = Clock()

    async def run() -> int:
        turns = Turns(1, gentle=True, clock=clock, sleep=lambda _: asyncio.sleep(3600))
        waiting = asyncio.create_task(turns.__aenter__())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return turns._taken

    assert asyncio.run(run()) == 0


def test_who_gets_no_turn_in_time_leaves_it_to_the_next():
    clock = Clock()

    async def stuck(seconds: float) -> None:
        await asyncio.sleep(60 if seconds else 0)

    turns = Turns(1, gentle=True, clock=clock, sleep=stuck)

    async def taken(seconds: float) -> bool:
        async with turns.until(clock.now + seconds) as mine:
            return mine

    async def one_after_another() -> list[bool]:
        found = [await taken(0), await taken(5), await taken(0.01)]
        clock.now += GENTLE_SECONDS
        async with turns.until(clock.now + 5) as mine:
            clock.now += GENTLE_SECONDS
            return [*found, mine, await taken(0.01)]

    # Too late from the start, in time, before the second is over, in time, while another has it.
    assert asyncio.run(one_after_another()) == [False, True, False, True, False]
    assert asyncio.run(taken(5))
