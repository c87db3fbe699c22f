"""The runner: every question once, politely, and none that has nothing to learn."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
import threading
import time
from collections.abc import Callable

import pytest

from factories import ALERT, chose, implicit_session, seen, tls
from mailtls.book import EvidenceBook
from mailtls.evidence import (
    ClosedAnswer,
    HelloEvidence,
    Missing,
    NotObserved,
    Observation,
    Observed,
    Resolved,
)
from mailtls.net.interface import Network
from mailtls.net.routes import Routes
from mailtls.plan import build_plan
from mailtls.policy.load import load_text
from mailtls.policy.model import Policy
from mailtls.probe.attempt import Attempt
from mailtls.probe.perform import perform
from mailtls.probe.questions import HelloQuestion, Question, SessionQuestion, UpgradeQuestion
from mailtls.probe.runner import Limits, Runner
from mailtls.probe.turns import Turns
from mailtls.responder.server import Behaviour, Responder
from mailtls.rules import RULES
from mailtls.terms import Cause, Mode, Protocol, TlsVersion
from mailtls.tls import offers
from probe.peers import AUTHORITY, network, peer, says, settings
from tls_views import BAD, FACTS, OLD

LIMITS = Limits(timeout=20, per_host=4, concurrency=8, retries=1, pause=0.01)
WIDE = dataclasses.replace(LIMITS, per_host=8)


def policy(*endpoints: str) -> Policy:
    text = "version: 1\nendpoints:\n" + "".join(f"  - {{{each}}}\n" for each in endpoints)
    return load_text(text.encode(), "p.yml", lambda *_: b"")[0]


def run(expected: Policy, limits: Limits = LIMITS, net=None) -> EvidenceBook:
    runner = Runner(net or network(), limits=limits, settings=settings(), routes=Routes())
    return asyncio.run(runner.run(build_plan(expected, RULES)))


def smtp(port: int, name: str = "one", more: str = "") -> str:
    return f"name: {name}, host: 127.0.0.1, port: {port}, mode: starttls, protocol: smtp{more}"


def responder(**changes) -> Responder:
    identity = AUTHORITY.issue("mail.example.test")
    behaviour = Behaviour(
        host="mail.example.test", protocol=Protocol.SMTP, mode=Mode.STARTTLS, identity=identity
    )
    return Responder(dataclasses.replace(behaviour, **changes))


def test_each_question_is_asked_once_and_connections_are_counted():
    with responder() as server:
        expected = policy(smtp(server.port), smtp(server.port, "two"))
        book = run(expected)
        planned = build_plan(expected, RULES)

    (service,) = planned.services
    assert book.connections == planned.connections(service) == 6
    assert len(book.answers) == len({ask.question for ask in planned.asks}) == 9
    assert all(isinstance(seen, Observed) for seen in book.answers.values())


@pytest.mark.parametrize(
    ("changes", "declared"), [({"starttls": False}, "starttls"), ({}, "implicit")]
)
def test_hellos_are_not_sent_where_the_session_finds_nothing_to_learn(changes, declared):
    with responder(**changes) as server:
        book = run(policy(smtp(server.port).replace("mode: starttls", f"mode: {declared}")))

    skipped = [s for (_, q), s in book.answers.items() if isinstance(q, HelloQuestion)]
    assert skipped
    for each in skipped:
        assert isinstance(each, NotObserved)
        assert each.missing.cause is Cause.PREREQUISITE
        assert each.attempts == 0


def test_all_at_once_does_not_wait_for_what_is_offered():
    others = threading.Event()
    first = iter([True])

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"220 h\r\n")
        if not next(first, False):
            others.set()
        # Nobody hears what is offered before another connection has been made.
        if connection.recv(4096) and others.wait(timeout=20):
            says(b"250-h\r\n250 HELP\r\n", b"221 bye\r\n")(connection)

    with peer(talk) as (port, served):
        expected = policy(smtp(port, more=", starttls: {enforced: false}"))
        book = run(expected, WIDE)

    assert book.connections == len(served) == 6
    for question, each in ((q, s) for (_, q), s in book.answers.items()):
        if isinstance(question, HelloQuestion):
            assert isinstance(each, NotObserved)
            assert each.missing.detail == "the server does not offer STARTTLS"


def test_old_versions_come_before_the_control_and_then_what_waits_for_one_another(monkeypatch):
    begun: list[Question] = []

    async def noted(attempt: Attempt, over: Network) -> Observation:
        begun.append(attempt.question)
        return await perform(attempt, over)

    monkeypatch.setattr("mailtls.probe.runner.perform", noted)
    with responder() as server:
        run(policy(smtp(server.port)))

    lead, old, first, second, *others = begun
    assert isinstance(lead, SessionQuestion)
    assert isinstance(old, HelloQuestion)
    assert old.offer == offers.at_most(TlsVersion.TLS1_1)
    assert isinstance(first, HelloQuestion)
    assert isinstance(second, HelloQuestion)
    assert (first.offer.label, second.offer.label) == (f"{BAD} or {OLD}", FACTS)
    assert len(others) == 2


def test_a_refused_connection_is_asked_once_and_a_throttled_one_again():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    refused = run(policy(smtp(port)))
    with peer(says(b"421 too busy\r\n")) as (port, served):
        throttled = run(policy(smtp(port)))
        came = len(served)

    def session(book: EvidenceBook):
        return next(
            seen
            for (_, question), seen in book.answers.items()
            if isinstance(question, SessionQuestion)
        )

    assert session(refused).attempts == 1
    assert session(throttled).attempts == came == 2


def test_a_server_that_recovers_is_judged_by_its_second_answer():
    answers = iter([b"421 later\r\n"])

    def talk(connection: socket.socket) -> None:
        first = next(answers, None)
        if first is not None:
            connection.sendall(first)
            return
        says(b"220 h\r\n", b"250-h\r\n250 HELP\r\n", b"221 bye\r\n")(connection)

    with peer(talk) as (port, _):
        book = run(policy(smtp(port, more=", starttls: {enforced: false}")))

    (session,) = [s for (_, q), s in book.answers.items() if isinstance(q, SessionQuestion)]
    assert isinstance(session, Observed)
    assert session.attempts == 2


@pytest.mark.parametrize("per_host", [1, 3])
def test_no_more_connections_at_once_than_allowed(per_host):
    lock = threading.Lock()
    open_now, most = 0, 0

    def counting(serve: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
        def talk(connection: socket.socket) -> None:
            nonlocal open_now, most
            with lock:
                open_now += 1
                most = max(most, open_now)
            try:
                serve(connection)
            finally:
                with lock:
                    open_now -= 1

        return talk

    greet = says(b"220 h\r\n", b"250-h\r\n250 HELP\r\n", b"221 bye\r\n")
    with contextlib.ExitStack() as stack:
        # One address, several ports: the slots are the address's.
        ports = [stack.enter_context(peer(counting(greet)))[0] for _ in range(8)]
        in_clear = ", starttls: {enforced: false}"
        endpoints = [smtp(port, f"n{port}", in_clear) for port in ports]
        book = run(policy(*endpoints), dataclasses.replace(LIMITS, per_host=per_host))

    assert book.connections == 8
    assert most <= per_host


def test_a_target_ends_with_its_timeout():
    def drip(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"2")
            time.sleep(0.05)

    began = time.monotonic()
    with peer(drip) as (port, _):
        book = run(policy(smtp(port)), dataclasses.replace(LIMITS, timeout=1, retries=3))

    # The bound is the promise of --timeout; the slack is for a busy machine.
    assert time.monotonic() - began < 20
    assert any(isinstance(seen, NotObserved) for seen in book.answers.values())


class Names:
    """A network whose names have the addresses of a table; nothing can be connected to."""

    def __init__(self, table: dict[str, Resolved | Missing]) -> None:
        self.table = table
        self.asked: list[str] = []
        self.connected: list[tuple[str, int]] = []

    async def resolve(self, host: str) -> Resolved | Missing:
        self.asked.append(host)
        return self.table[host]

    async def connect(self, address: str, port: int):
        self.connected.append((address, port))
        return await network().connect("127.0.0.1", 1)


def test_every_address_is_a_target_and_a_choice_is_kept():
    both = Resolved(addresses=("192.0.2.1", "192.0.2.2", "2001:db8::1"))
    for choice, expected in [
        ("all", {"192.0.2.1", "192.0.2.2", "2001:db8::1"}),
        ("ipv4", {"192.0.2.1", "192.0.2.2"}),
        ("ipv6", {"2001:db8::1"}),
        ("['198.51.100.9']", {"198.51.100.9"}),
    ]:
        names = Names({"mail.example": both})
        run(
            policy(f"host: mail.example, port: 993, mode: implicit, addresses: {choice}"), net=names
        )
        assert {address for address, _ in names.connected} == expected


def test_a_closed_port_is_only_knocked_at():
    names = Names({"mail.example": Resolved(addresses=("192.0.2.1",))})
    run(policy("host: mail.example, port: 143, mode: starttls, expect: closed"), net=names)

    assert names.connected == [("192.0.2.1", 143)]


def test_a_name_is_resolved_once_for_all_its_ports():
    names = Names({"mail.example": Resolved(addresses=("192.0.2.1",))})
    run(
        policy(
            "host: mail.example, port: 143, mode: starttls",
            "host: mail.example, port: 993, mode: implicit",
        ),
        net=names,
    )

    assert names.asked == ["mail.example"]


def test_a_server_that_throttles_is_asked_gently_from_then_on(monkeypatch):
    """Its second question waits for a turn of its own, and no two are on at once."""
    seen: list[bool] = []
    monkeypatch.setattr(Turns, "be_gentle", lambda _: seen.append(True))
    with peer(says(b"421 too many connections\r\n")) as (port, _):
        run(policy(smtp(port)), dataclasses.replace(LIMITS, retries=0))
    with responder() as server:
        run(policy(smtp(server.port)))

    assert seen == [True]


UNREAD = HelloEvidence(answer=ClosedAnswer(reset=True))


@pytest.mark.parametrize(
    ("then", "limited"), [(ALERT, True), (chose(TlsVersion.TLS1_0), True), (UNREAD, False)]
)
def test_a_hello_that_was_not_read_is_asked_again_alone_and_both_connections_count(
    then, limited, monkeypatch
):
    """What is answered alone and not among others was cut off by a limit: be gentle from then on."""
    asked: list[Question] = []
    told: list[tuple[str, int]] = []

    async def answer(attempt: Attempt, _over: Network) -> Observation:
        asked.append(attempt.question)
        match attempt.question:
            case HelloQuestion(offer=offer) if offer.versions == (TlsVersion.SSL2,):
                return seen(ALERT)
            case HelloQuestion(offer=offer) if max(offer.versions) < TlsVersion.TLS1_2:
                return seen(UNREAD if asked.count(attempt.question) == 1 else then)
            case HelloQuestion():
                return seen(chose(TlsVersion.TLS1_2))
        return seen(implicit_session())

    @contextlib.asynccontextmanager
    async def alone(_turns: Turns):
        told.append(("alone", len(asked)))
        yield

    monkeypatch.setattr("mailtls.probe.runner.perform", answer)
    monkeypatch.setattr(Turns, "alone", alone)
    monkeypatch.setattr(Turns, "be_gentle", lambda _: told.append(("gentle", len(asked))))
    book = run(policy("host: 127.0.0.1, port: 465, mode: implicit"))

    (again,) = {question for question in asked if asked.count(question) > 1}
    first = asked.index(again, asked.index(again) + 1)
    assert told == [("alone", first), ("gentle", first + 1)][: 1 + limited]
    assert [s.attempts for (_, q), s in book.answers.items() if q == again] == [2]
    assert book.connections == len(asked)


def test_only_what_the_session_may_show_waits_for_its_end(monkeypatch):
    begun: list[Question] = []
    others = asyncio.Event()

    async def answer(attempt: Attempt, _over: Network) -> Observation:
        begun.append(attempt.question)
        if isinstance(attempt.question, SessionQuestion):
            attempt.on_progress()
            async with asyncio.timeout(20):
                await others.wait()
            return seen(implicit_session(tls(group="x25519")))
        if len(begun) == 5:
            others.set()
        return seen(ALERT)

    monkeypatch.setattr("mailtls.probe.runner.perform", answer)
    wanted = "tls: {require_groups: [x25519, P-256]}"
    run(policy(f"host: 127.0.0.1, port: 465, mode: implicit, {wanted}"), WIDE)

    labels = [each.offer.label for each in begun if isinstance(each, HelloQuestion)]
    assert "the group x25519" not in labels
    assert labels.index("the group secp256r1") > 3


def test_without_starttls_only_what_clear_text_decides_is_asked():
    with responder(starttls=False) as server:
        book = run(policy(smtp(server.port)))

    asked = {type(q) for (_, q), s in book.answers.items() if s.attempts}
    assert asked == {SessionQuestion, UpgradeQuestion}


def test_it_is_told_how_many_targets_are_open():
    changes: list[int] = []
    with responder() as server, responder() as other:
        expected = policy(smtp(server.port), smtp(other.port, "two"))
        runner = Runner(
            network(), limits=LIMITS, settings=settings(), routes=Routes(), on_open=changes.append
        )
        asyncio.run(runner.run(build_plan(expected, RULES)))

    assert changes == [2, -1, -1]


def test_no_turn_is_waited_for_when_the_time_of_a_target_is_over():
    """Gently the second connection may begin a second after the first, and the time is half of one."""

    def tarpit(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    limits = dataclasses.replace(LIMITS, timeout=0.5, gentle=True, retries=3)
    with peer(tarpit) as (port, served):
        expected = policy(smtp(port).replace("mode: starttls", "mode: implicit"))
        book = run(expected, limits)
        came = len(served)
    assert came == book.connections == 1
    late = [seen for (_, q), seen in book.answers.items() if isinstance(q, HelloQuestion)]
    causes = {seen.missing.cause for seen in late if isinstance(seen, NotObserved)}
    assert (causes, sum(seen.attempts for seen in late)) == ({Cause.TIMED_OUT}, 0)
