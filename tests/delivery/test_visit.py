"""A session is judged before anything is said in it, and closed tidily whatever comes of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from delivery.postbox import ENDPOINT, postbox, through, tools
from mailtls.delivery.visit import Inside, Visited, visit
from mailtls.evidence import Missing, Reply, SessionEvidence, TlsFacts
from mailtls.flow import Withheld, WithheldKind
from mailtls.probe.questions import Target
from mailtls.terms import Cause, Mode, Phase


async def noop(inside: Inside) -> Reply | Missing:
    return await inside.run(inside.dialect.command(b"NOOP"))


def held(means, transact=noop) -> Visited:
    return asyncio.run(visit(ENDPOINT, means, transact))


def test_inside_a_good_session_something_is_said():
    with postbox(answers={"NOOP": "250 here"}) as box:
        visited = held(tools(box.port))
    assert visited.outcome == Reply(code="250", lines=("here",))
    assert box.heard == ["EHLO probe.example.test", "NOOP", "QUIT"]
    said = [f"{line.side}: {line.text}" for line in visited.transcript]
    assert f"*: connecting to 127.0.0.1 port {box.port}" in said
    assert said[-4:] == ["C: NOOP", "S: 250 here", "C: QUIT", "S: 221 bye"]


def test_the_visitor_knows_what_is_offered_and_the_sessions_own_key():
    seen: list[Inside] = []

    async def look(inside: Inside) -> None:
        seen.append(inside)

    with postbox() as box:
        held(tools(box.port), look)
        held(tools(box.port), look)
    first, second = seen
    assert first.offered.mechanisms == ("PLAIN",)
    assert (first.service.host, first.service.port) == (ENDPOINT.host, 465)
    assert len(first.binding) == 32
    assert first.binding != second.binding


def test_nothing_is_said_in_a_session_that_does_not_pass():
    asked: list[tuple[object, Target, SessionEvidence]] = []

    def acceptable(*case):
        asked.append(case)
        return "the certificate expired (see the rule certificate-expiry)"

    with postbox() as box:
        visited = held(tools(box.port, acceptable=acceptable))
    assert visited.outcome == Withheld(
        kind=WithheldKind.NOT_SECURE,
        detail="the certificate expired (see the rule certificate-expiry)",
    )
    assert box.heard == ["EHLO probe.example.test", "QUIT"]
    ((judged, target, session),) = asked
    assert judged is ENDPOINT
    assert target.address == "127.0.0.1"
    assert isinstance(session.tls, TlsFacts)


def test_a_server_without_starttls_is_told_nothing():
    with postbox() as box:
        endpoints = through(lambda each: replace(each, mode=Mode.STARTTLS))
        means = tools(box.port, endpoints=endpoints, seconds=1.0)
        visited = asyncio.run(visit(endpoints["submission"], means, noop))
    assert box.heard == []
    assert isinstance(visited.outcome, Missing | Withheld)


def test_where_no_address_is_known_there_is_no_session():
    visited = held(tools(1, targets=lambda _: ()))
    assert isinstance(visited.outcome, Missing)
    assert visited.outcome.cause is Cause.PREREQUISITE
    assert visited.transcript == ()


def test_the_next_address_is_tried_where_one_does_not_answer():
    targets = tuple(
        Target(host=ENDPOINT.host, port=465, address=address)
        for address in ("127.0.0.2", "127.0.0.1", "127.0.0.3")
    )
    with postbox(answers={"NOOP": "250 here"}) as box:
        visited = held(tools(box.port, targets=lambda _: targets))
    assert isinstance(visited.outcome, Reply)
    assert box.connections == 1
    assert any("127.0.0.2" in line.text for line in visited.transcript)


def test_a_refused_connection_is_missing():
    with postbox() as box:
        pass
    visited = held(tools(box.port))
    assert isinstance(visited.outcome, Missing)
    assert (visited.outcome.phase, visited.outcome.cause) == (Phase.CONNECT, Cause.REFUSED)


@pytest.mark.parametrize(
    ("greeting", "cause"),
    [
        ("554 5.7.1 Client host blocked using zen.example", Cause.REFUSED),
        ("421 4.7.0 too many", Cause.THROTTLED),
    ],
)
def test_a_refusing_greeting_is_missing_in_its_own_words(greeting, cause):
    with postbox(greeting=greeting) as box:
        visited = held(tools(box.port))
    assert isinstance(visited.outcome, Missing)
    assert visited.outcome.cause is cause
    assert greeting in visited.outcome.detail
