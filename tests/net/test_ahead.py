"""What is opened ahead is given once, to whom it is for, and closed where nobody asks for it."""

from __future__ import annotations

import asyncio

import pytest

from mailtls.evidence import Missing, Resolved
from mailtls.net.ahead import AheadNetwork
from mailtls.net.interface import StreamError
from mailtls.terms import Cause, Phase

NAMES = {
    "a.example": ("192.0.2.1", "192.0.2.2"),
    "b.example": ("192.0.2.3",),
    "same.example": ("192.0.2.1",),
    "empty.example": (),
}
GONE = Missing(phase=Phase.RESOLVE, cause=Cause.UNREACHABLE, detail="no such name")


class Connection:
    """A connection that only knows whether it is open."""

    def __init__(self) -> None:
        self.open = True

    def close(self) -> None:
        self.open = False


class Beneath:
    """A network that notes what it is asked; an address in `answers` is waited for, or fails."""

    def __init__(self, **answers: object) -> None:
        self.asked: list[object] = []
        self.streams: list[Connection] = []
        self.answers = {key.replace("_", "."): answer for key, answer in answers.items()}

    async def resolve(self, host: str) -> Resolved | Missing:
        self.asked.append(host)
        return Resolved(addresses=NAMES[host]) if host in NAMES else GONE

    async def connect(self, address: str, port: int) -> Connection:
        self.asked.append((address, port))
        answer = self.answers.get(f"at.{address}")
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, asyncio.Event):
            await answer.wait()
        self.streams.append(Connection())
        return self.streams[-1]


def everyone(addresses):
    return addresses


def within(network, talk):
    async def run():
        async with AheadNetwork(network) as ahead:
            return await talk(ahead)

    return asyncio.run(run())


def test_the_connection_is_opened_before_it_is_asked_for_and_given_once():
    beneath = Beneath()

    async def talk(ahead):
        ahead.dial("a.example", 25, everyone)
        await asyncio.sleep(0)
        assert beneath.asked == ["a.example", ("192.0.2.1", 25)]
        found = await ahead.resolve("a.example")
        first = await ahead.connect("192.0.2.1", 25)
        second = await ahead.connect("192.0.2.1", 25)
        return found, first is beneath.streams[0], second is beneath.streams[1]

    found, *given = within(beneath, talk)
    assert found == Resolved(addresses=NAMES["a.example"])
    assert given == [True, True]
    assert beneath.asked == ["a.example", ("192.0.2.1", 25), ("192.0.2.1", 25)]
    assert all(each.open for each in beneath.streams)


def test_one_that_is_still_being_opened_is_waited_for():
    async def talk(_ahead):
        answer = asyncio.Event()
        beneath = Beneath(at_192_0_2_1=answer)
        async with AheadNetwork(beneath) as ahead:
            ahead.dial("a.example", 25, everyone)
            await asyncio.sleep(0)
            asking = asyncio.create_task(ahead.connect("192.0.2.1", 25))
            await asyncio.sleep(0)
            assert not asking.done()
            answer.set()
            return await asking is beneath.streams[0]

    assert within(Beneath(), talk) is True


def test_other_names_addresses_and_ports_are_asked_for_anew():
    beneath = Beneath()

    async def talk(ahead):
        ahead.dial("a.example", 25, everyone)
        await asyncio.sleep(0)
        await ahead.resolve("b.example")
        await ahead.connect("192.0.2.1", 587)
        await ahead.connect("192.0.2.2", 25)

    within(beneath, talk)
    assert beneath.asked[2:] == ["b.example", ("192.0.2.1", 587), ("192.0.2.2", 25)]
    assert [each.open for each in beneath.streams] == [False, True, True]


def test_no_host_and_no_address_is_dialled_twice():
    beneath = Beneath()

    async def talk(ahead):
        for host, port in (("a.example", 25), ("a.example", 587), ("same.example", 25)):
            ahead.dial(host, port, everyone)
        await asyncio.sleep(0)
        return await ahead.connect("192.0.2.1", 25)

    assert within(beneath, talk).open
    assert beneath.asked == ["a.example", ("192.0.2.1", 25), "same.example"]


@pytest.mark.parametrize(
    ("host", "choose", "asked"),
    [
        ("a.example", lambda found: found[1:], [("192.0.2.2", 25)]),
        ("a.example", lambda _: (), []),
        ("empty.example", everyone, []),
        ("gone.example", everyone, []),
    ],
)
def test_the_first_of_the_chosen_addresses_is_dialled(host, choose, asked):
    beneath = Beneath()

    async def talk(ahead):
        ahead.dial(host, 25, choose)
        return await ahead.resolve(host)

    found = within(beneath, talk)
    assert beneath.asked == [host, *asked]
    assert found == (Resolved(addresses=NAMES[host]) if host in NAMES else GONE)


def test_why_it_could_not_be_opened_is_told_to_whom_asks_and_the_next_tries_again(caplog):
    beneath = Beneath(at_192_0_2_1=StreamError(Cause.REFUSED, "connection refused"))

    async def talk(ahead):
        ahead.dial("a.example", 25, everyone)
        await asyncio.sleep(0)
        for _ in range(2):
            with pytest.raises(StreamError, match="refused"):
                await ahead.connect("192.0.2.1", 25)

    within(beneath, talk)
    assert beneath.asked[1:] == [("192.0.2.1", 25)] * 2
    assert not caplog.records


def test_what_nobody_asked_for_fails_and_closes_in_silence(caplog):
    async def talk(_ahead):
        never = asyncio.Event()
        refused = StreamError(Cause.REFUSED, "connection refused")
        beneath = Beneath(at_192_0_2_1=never, at_192_0_2_3=refused)
        async with AheadNetwork(beneath) as ahead:
            ahead.dial("a.example", 25, everyone)
            ahead.dial("b.example", 25, everyone)
            await asyncio.sleep(0)
        return beneath

    beneath = within(Beneath(), talk)
    assert len(beneath.asked) == 4
    assert beneath.streams == []
    assert not caplog.records


def test_whoever_gives_up_waiting_ends_the_attempt():
    async def talk(_ahead):
        beneath = Beneath(at_192_0_2_1=asyncio.Event())
        async with AheadNetwork(beneath) as ahead:
            ahead.dial("a.example", 25, everyone)
            await asyncio.sleep(0)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await ahead.connect("192.0.2.1", 25)
            return [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]

    assert within(Beneath(), talk) == []


def test_a_resolver_that_breaks_keeps_nobody_waiting():
    class Broken(Beneath):
        async def resolve(self, host):
            raise RuntimeError(host)

    async def talk(ahead):
        ahead.dial("a.example", 25, everyone)
        with pytest.raises(asyncio.CancelledError):
            await ahead.resolve("a.example")

    within(Broken(), talk)
