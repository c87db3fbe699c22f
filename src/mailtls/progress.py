"""How far a run has come, on standard error: a line that is redrawn, or now and then a line in a log.

A terminal sees a line at once and finds it erased at the end. The log of a CI sees nothing of a
short run, and of a long one a line that shows that it lives: some end a job that stays silent.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from enum import Enum, auto
from typing import TextIO

FIRST_BEAT, NEXT_BEAT = 10.0, 30.0
"""Seconds of silence in a log before the first line, and between two."""

_ERASE = "\r\x1b[K"


class Manner(Enum):
    """How progress is told."""

    REDRAWN = auto()
    BEATS = auto()
    NOT_AT_ALL = auto()


def manner(stream: TextIO, environment: Mapping[str, str], *, quiet: bool) -> Manner:
    """Return how progress is told on `stream`: CI is set by every CI, TF_BUILD by Azure instead."""
    if quiet:
        return Manner.NOT_AT_ALL
    if stream.isatty():
        return Manner.NOT_AT_ALL if environment.get("TERM") == "dumb" else Manner.REDRAWN
    signs = (environment.get(name, "") for name in ("CI", "TF_BUILD", "JENKINS_URL"))
    in_job = any(sign and sign.lower() != "false" for sign in signs)
    return Manner.BEATS if in_job else Manner.NOT_AT_ALL


class Progress:
    """Counts the addresses that are done and says so; `clock` gives seconds."""

    def __init__(self, how: Manner, stream: TextIO, clock: Callable[[], float]) -> None:
        self._how = how
        self._stream = stream
        self._clock = clock
        self._started = clock()
        self._beat = FIRST_BEAT
        self._total = 0
        self._done = 0

    def opened(self, change: int) -> None:
        """Take note of addresses that are to be asked, or, below zero, that are done."""
        self._total += max(0, change)
        self._done += max(0, -change)
        self.tick()

    def tick(self) -> None:
        """Say where the run is, where it is time to."""
        passed = self._clock() - self._started
        if self._how is Manner.REDRAWN:
            self._say(f"{_ERASE}{self._words(passed)}")
        elif self._how is Manner.BEATS and passed >= self._beat:
            self._beat = passed + NEXT_BEAT
            self._say(f"{self._words(passed)}\n")

    def erase(self) -> None:
        """Leave the terminal as it was found."""
        if self._how is Manner.REDRAWN:
            self._say(_ERASE)

    def _words(self, passed: float) -> str:
        if not self._total:
            return f"mailtls: resolving names, {passed:.0f} s"
        noun = "address" if self._total == 1 else "addresses"
        return f"mailtls: {self._done} of {self._total} {noun} done, {passed:.0f} s"

    def _say(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


@contextlib.asynccontextmanager
async def shown(progress: Progress) -> AsyncIterator[None]:
    """Say every second how far the run within is, and nothing more when it has ended."""

    async def tick() -> None:
        while True:
            progress.tick()
            await asyncio.sleep(1)

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
        progress.erase()
