"""What is opened ahead is given once, to whom it is for, and closed where nobody asks for it."""

from __future__ import annotations

import asyncio
import gc

import pytest

from mailtls.evidence import Missing, Resolved
from mailtls.net.ahead import AheadNetwork, Wish
from mailtls.net.interface import StreamError
from mailtls.terms import Cause, Phase

NAMES = {
    "a.example": ("192.0.2.1", "192.0.2.2"),
    "b.example": ("192.0.2.3",),
    "same.example": ("192.0.2.1",),
    "second.example": ("192.0.2.2",),
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


def wish(host, port=25, choose=everyone, **more):
    return Wish(host=host, port=port, choose=choose, **more)


def within(network, talk):
    async def run():
        async with AheadNetwork(network) as ahead:
            return await talk(ahead)

    return asyncio.run(run())


def test_the_connection_is_opened_before_it_is_asked_for_and_given_once():
    beneath = Beneath()

    async def talk(ahead):
        await ahead.dial([wish("a.example")], most=9)
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
            await ahead.dial([wish("a.example")], most=9)
            asking = asyncio.create_task(ahead.connect("192.0.2.1", 25))
            await asyncio.sleep(0)
            assert not asking.done()
            answer.set()
            return await asking is beneath.streams[0]

    assert within(Beneath(), talk) is True


def test_other_names_addresses_and_ports_are_asked_for_anew():
    beneath = Beneath()

    async def talk(ahead):
        await ahead.dial([wish("a.example")], most=9)
        await ahead.resolve("b.example")
        await ahead.connect("192.0.2.1", 587)
        await ahead.connect("192.0.2.2", 25)

    within(beneath, talk)
    assert beneath.asked[2:] == ["b.example", ("192.0.2.1", 587), ("192.0.2.2", 25)]
    assert [each.open for each in beneath.streams] == [False, True, True]


@pytest.mark.parametrize(
    ("wishes", "opened"),
    [
        ([("a.example", 25), ("a.example", 587), ("same.example", 25)], [("192.0.2.1", 25)]),
        ([("a.example", 25), ("second.example", 587)], [("192.0.2.1", 25)]),
        ([("second.example", 587), ("a.example", 25)], [("192.0.2.2", 587), ("192.0.2.1", 25)]),
        ([("gone.example", 25), ("b.example", 25)], [("192.0.2.3", 25)]),
    ],
)
def test_an_address_belongs_to_the_first_who_wishes_for_it(wishes, opened):
    """Else a connection would lie open beside those that are asked first."""
    beneath = Beneath()

    async def talk(ahead):
        await ahead.dial([wish(*each) for each in wishes], most=9)

    within(beneath, talk)
    assert [each for each in beneath.asked if isinstance(each, tuple)] == opened
    names = [each for each in beneath.asked if isinstance(each, str)]
    assert sorted(names) == sorted({host for host, _ in wishes})


def test_nothing_is_opened_before_every_name_is_found_and_then_in_order():
    """The probe begins when it has all addresses: a connection would lie idle until then."""

    class Slow(Beneath):
        async def resolve(self, host):
            if host == "a.example":
                await slow.wait()
            return await super().resolve(host)

    async def talk(_ahead):
        beneath = Slow()
        async with AheadNetwork(beneath) as ahead:
            wishes = [wish("b.example"), wish("a.example"), wish("same.example", 587)]
            await ahead.dial(wishes, most=9)
            assert beneath.asked == ["b.example", "same.example"]
            slow.set()
            await ahead.resolve("a.example")
            return (await ahead.connect("192.0.2.1", 25)) is beneath.streams[1], beneath.asked[2:]

    slow = asyncio.Event()
    asked = ["a.example", ("192.0.2.3", 25), ("192.0.2.1", 25)]
    assert within(Beneath(), talk) == (True, asked)


def test_where_nothing_is_to_be_opened_the_address_is_kept_free():
    beneath = Beneath()

    async def talk(ahead):
        await ahead.dial([wish("a.example", opens=False), wish("a.example", 587)], most=9)

    within(beneath, talk)
    assert beneath.asked == ["a.example"]


@pytest.mark.parametrize(
    ("most", "opened"),
    [(1, ["192.0.2.1"]), (2, ["192.0.2.1"]), (3, ["192.0.2.1", "192.0.2.3"])],
)
def test_each_address_of_a_name_is_one_of_the_most(most, opened):
    beneath = Beneath()

    async def talk(ahead):
        await ahead.dial([wish("a.example"), wish("b.example")], most=most)

    within(beneath, talk)
    assert beneath.asked == ["a.example", "b.example", *((each, 25) for each in opened)]


@pytest.mark.parametrize(
    ("host", "choose", "asked"),
    [
        ("a.example", lambda found: found[1:], [("192.0.2.2", 25)]),
        ("a.example", lambda _: (), []),
        ("empty.example", everyone, []),
        ("gone.example", everyone, []),
        ("gone.example", lambda _: ("192.0.2.9",), [("192.0.2.9", 25)]),
    ],
)
def test_the_first_of_the_chosen_addresses_is_dialled(host, choose, asked):
    beneath = Beneath()

    async def talk(ahead):
        await ahead.dial([wish(host, choose=choose)], most=9)
        return await ahead.resolve(host)

    found = within(beneath, talk)
    assert beneath.asked == [host, *asked]
    assert found == (Resolved(addresses=NAMES[host]) if host in NAMES else GONE)


def test_why_it_could_not_be_opened_is_told_to_whom_asks_and_the_next_tries_again(caplog):
    beneath = Beneath(at_192_0_2_1=StreamError(Cause.REFUSED, "connection refused"))

    async def talk(ahead):
        await ahead.dial([wish("a.example")], most=9)
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
            await ahead.dial([wish("a.example"), wish("b.example")], most=9)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return beneath

    beneath = within(Beneath(), talk)
    assert len(beneath.asked) == 4
    assert beneath.streams == []
    gc.collect()
    assert not caplog.records


def test_names_that_are_still_asked_for_at_the_end_are_given_up(caplog):
    class Silent(Beneath):
        async def resolve(self, host):
            self.asked.append(host)
            await asyncio.Event().wait()

    async def run():
        async with AheadNetwork(Silent()) as ahead:
            await ahead.dial([wish("a.example"), wish("b.example")], most=9)
        return [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]

    assert asyncio.run(run()) == []
    assert not caplog.records


def test_whoever_gives_up_waiting_for_a_name_leaves_it_to_others():
    class Slow(Beneath):
        async def resolve(self, host):
            await slow.wait()
            return await super().resolve(host)

    async def talk(ahead):
        await ahead.dial([wish("a.example")], most=9)
        impatient, patient = (asyncio.create_task(ahead.resolve("a.example")) for _ in range(2))
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.wait([impatient])
        slow.set()
        return await patient

    slow = asyncio.Event()
    assert within(Slow(), talk) == Resolved(addresses=NAMES["a.example"])


def test_whoever_gives_up_waiting_ends_the_attempt():
    async def talk(_ahead):
        beneath = Beneath(at_192_0_2_1=asyncio.Event())
        async with AheadNetwork(beneath) as ahead:
            await ahead.dial([wish("a.example")], most=9)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await ahead.connect("192.0.2.1", 25)
            return [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]

    assert within(Beneath(), talk) == []


def test_what_is_opened_in_the_turn_in_which_its_waiter_gives_up_is_closed():
    async def talk(_ahead):
        answer = asyncio.Event()
        beneath = Beneath(at_192_0_2_1=answer)
        async with AheadNetwork(beneath) as ahead:
            await ahead.dial([wish("a.example")], most=9)
            asking = asyncio.create_task(ahead.connect("192.0.2.1", 25))
            await asyncio.sleep(0)
            answer.set()
            await asyncio.sleep(0)
            (stream,) = beneath.streams
            asking.cancel()
            await asyncio.wait([asking])
            assert asking.cancelled()
            await asyncio.sleep(0)
            return stream.open

    assert within(Beneath(), talk) is False


def test_a_resolver_that_breaks_says_so_to_whom_asks(caplog):
    class Broken(Beneath):
        async def resolve(self, host):
            raise RuntimeError(host)

    async def talk(ahead):
        await ahead.dial([wish("a.example")], most=9)
        with pytest.raises(RuntimeError, match=r"a\.example"):
            await ahead.resolve("a.example")

    within(Broken(), talk)
    gc.collect()
    assert not caplog.records
