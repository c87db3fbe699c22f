from __future__ import annotations

from datetime import timedelta

import pytest

from deliveries import HOST, HOSTS, SENT, arrived, carried, stamp, stored, submitted, taken
from mailtls.delivery.chain import trace
from mailtls.delivery.delays import Delays, delays
from mailtls.delivery.received import parse_received


def seen(*records: str, after: float = 10.0) -> Delays:
    found = arrived(*records, at=SENT + timedelta(seconds=after))
    chain = trace(submitted(), found, parse_received(found.header), host=HOST, globs=HOSTS)
    return delays(chain, submitted(), found)


def waits(of: Delays) -> list[tuple[str, float]]:
    return [(wait.host, wait.seconds) for wait in of.waits]


def test_the_waits_add_up() -> None:
    of = seen(stored(stamp(7)), carried(at=stamp(5)), taken(at=stamp(0)))
    assert waits(of) == [(HOST, 0), ("mx.example.net", 5), ("mx.example.net", 2)]
    assert of.found == 3
    assert of.total == 10 == sum(wait.seconds for wait in of.waits) + of.found
    assert of.skews == ()
    assert of.slowest.host == "mx.example.net"
    assert of.slowest.seconds == 5


@pytest.mark.parametrize(("taken_at", "carried_at"), [(-1, 0), (1, 0), (0, 11)])
def test_whole_seconds_are_no_skew(taken_at: int, carried_at: int) -> None:
    assert seen(carried(at=stamp(carried_at)), taken(at=stamp(taken_at))).skews == ()


@pytest.mark.parametrize(
    ("taken_at", "carried_at", "host", "off"),
    [
        (-40, 2, HOST, -39.6),
        (0, 55, "mx.example.net", 45),
        (6, 2, "mx.example.net", -4),
    ],
)
def test_a_clock_that_is_off_is_left_out(
    taken_at: int, carried_at: int, host: str, off: float
) -> None:
    of = seen(carried(at=stamp(carried_at)), taken(at=stamp(taken_at)))
    ((skew),) = of.skews
    assert skew.host == host
    assert skew.seconds == pytest.approx(off)
    assert host not in {wait.host for wait in of.waits}
    assert sum(wait.seconds for wait in of.waits) + of.found == of.total


def test_records_without_a_date_and_records_that_do_not_count_say_nothing() -> None:
    assert waits(seen(carried(at="today"), taken())) == [(HOST, 0)]
    assert waits(
        seen(carried(client="x.example", address="203.0.113.9", at=stamp(4)), taken())
    ) == [("mx.example.net", 4)]


def test_where_nothing_is_recorded_finding_it_took_all_the_time() -> None:
    of = seen("x")
    assert of.slowest.host == "the mailbox"
    assert of.found == of.total == 10
