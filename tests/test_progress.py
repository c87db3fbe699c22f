"""Progress by a clock of the test's own."""

from __future__ import annotations

import asyncio
import io

import pytest

from mailtls.progress import Manner, Progress, manner, shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("stream", "environment", "quiet", "how"),
    [
        (Terminal(), {}, False, Manner.REDRAWN),
        (Terminal(), {"CI": "true"}, False, Manner.REDRAWN),
        (Terminal(), {"TERM": "dumb"}, False, Manner.NOT_AT_ALL),
        (Terminal(), {}, True, Manner.NOT_AT_ALL),
        (io.StringIO(), {}, False, Manner.NOT_AT_ALL),
        (io.StringIO(), {"CI": "true"}, False, Manner.BEATS),
        (io.StringIO(), {"CI": "false"}, False, Manner.NOT_AT_ALL),
        (io.StringIO(), {"TF_BUILD": "True"}, False, Manner.BEATS),
        (io.StringIO(), {"JENKINS_URL": "https://ci.example/"}, False, Manner.BEATS),
        (io.StringIO(), {"CI": "true"}, True, Manner.NOT_AT_ALL),
    ],
)
def test_how_progress_is_told(stream, environment, quiet, how):
    assert manner(stream, environment, quiet=quiet) is how


def test_a_terminal_sees_one_line_and_then_nothing_of_it():
    stream, clock = Terminal(), Clock()
    progress = Progress(Manner.REDRAWN, stream, clock)
    progress.tick()
    progress.opened(2)
    clock.now += 3
    progress.opened(-1)
    progress.erase()

    frames = stream.getvalue().split("\r\x1b[K")
    assert frames == [
        "",
        "mailtls: resolving names, 0 s",
        "mailtls: 0 of 2 addresses done, 0 s",
        "mailtls: 1 of 2 addresses done, 3 s",
        "",
    ]


def test_a_short_run_is_silent_in_a_log_and_a_long_one_now_and_then():
    stream, clock = io.StringIO(), Clock()
    progress = Progress(Manner.BEATS, stream, clock)
    progress.opened(1)
    for _ in range(75):
        clock.now += 1
        progress.tick()
    progress.opened(-1)
    progress.erase()

    assert stream.getvalue().splitlines() == [
        "mailtls: 0 of 1 address done, 10 s",
        "mailtls: 0 of 1 address done, 40 s",
        "mailtls: 0 of 1 address done, 70 s",
    ]


def test_nothing_is_said_where_nothing_is_wanted():
    stream = io.StringIO()
    progress = Progress(Manner.NOT_AT_ALL, stream, Clock())
    progress.opened(1)
    progress.opened(-1)
    progress.erase()

    assert stream.getvalue() == ""


def test_the_line_is_erased_also_where_the_run_fails():
    stream = Terminal()

    async def fail() -> None:
        async with shown(Progress(Manner.REDRAWN, stream, Clock())):
            await asyncio.sleep(0)
            raise ValueError

    with pytest.raises(ValueError):
        asyncio.run(fail())
    assert stream.getvalue() == "\r\x1b[Kmailtls: resolving names, 0 s\r\x1b[K"
