"""The hellos about suites: one answer chooses the next, and a server that refuses long ones is sliced."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from dataclasses import replace

import pytest

from factories import ALERT, CLOSED, missing, seen
from fuzz.flights import record
from mailtls.evidence import AlertAnswer, HelloEvidence, Missing, ServerAnswer
from mailtls.probe import hello
from mailtls.probe.family import ask_family
from mailtls.probe.folding import SLICE, Family, answer_of
from mailtls.terms import Outcome
from probe.peers import peer, says
from probe.test_folding import folded
from probe.upgrading import identity_context, verdicts
from tls_views import BAD, FACTS, OLD, alert, answered

RC4, CBC = "TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"
NO_SUITE = alert("handshake_failure")


def family(profile: str = "bcp195") -> Family:
    (found,) = (each for each in folded(profile=profile) if isinstance(each, Family))
    return found


class Server:
    """Answers a hello by its label, else by the first of its suites that is accepted, else no."""

    def __init__(self, *accepted: str, longest: int = 1000, **by_label: object) -> None:
        self.accepted = {answered(name).answer.suite: name for name in accepted}
        self.longest = longest
        self.by_label = by_label
        self.asked: list[str] = []

    async def __call__(self, call, *, started=None, decided=None, on_answer=None):
        if started is not None:
            started.set()
        answer = self.answer(call.question.offer if decided is None else await decided)
        if on_answer is not None:
            on_answer(answer_of(answer))
        return answer

    def answer(self, offer):
        self.asked.append(offer.label)
        if offer.label in self.by_label:
            return seen(self.by_label[offer.label])
        if len(offer.suites) > self.longest:
            return seen(CLOSED)
        chosen = next((self.accepted[c] for c in offer.suites if c in self.accepted), None)
        return seen(NO_SUITE if chosen is None else answered(chosen))


def ask(of: Family, server: Server):
    answers = asyncio.run(ask_family(of, server))
    assert sum(each.attempts for each in answers.values()) == len(server.asked)
    assert len(server.asked) <= of.most
    return {question.offer.label: answer_of(each) for question, each in answers.items()}


@pytest.mark.parametrize("accepted", [(), (RC4,), (CBC,)])
def test_the_second_hello_waits_for_an_answer_and_not_for_the_end_of_a_connection(accepted):
    of, second_asked = family(), asyncio.Event()

    class Lingering(Server):
        async def __call__(self, call, *, decided=None, **more):
            answer = await super().__call__(call, decided=decided, **more)
            if decided is not None:
                second_asked.set()
            async with asyncio.timeout(20):
                await second_asked.wait()  # the first ends behind the second
            return answer

    server = Lingering(GOOD, *accepted)
    ask(of, server)
    told = [OLD] if accepted == (RC4,) else [BAD] if accepted == (CBC,) else [FACTS]
    assert server.asked == [f"{BAD} or {OLD}", *told]


GOOD = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"


@pytest.mark.parametrize(
    ("accepted", "bad", "old", "second"),
    [
        ((GOOD,), AlertAnswer, AlertAnswer, FACTS),
        ((GOOD, CBC), AlertAnswer, ServerAnswer, BAD),
        ((GOOD, RC4), ServerAnswer, AlertAnswer, OLD),
        ((GOOD, RC4, CBC), ServerAnswer, ServerAnswer, OLD),
    ],
)
def test_two_hellos_decide_two_parts_and_have_a_control(accepted, bad, old, second):
    server = Server(*accepted)
    seen_here = ask(family(), server)

    assert server.asked == [f"{BAD} or {OLD}", second]
    assert isinstance(seen_here[BAD], bad)
    assert isinstance(seen_here[OLD], old)
    assert isinstance(seen_here[FACTS], ServerAnswer)


def test_tls_1_3_alone_takes_two():
    server = Server(
        **{f"{BAD} or {OLD}": ALERT, "64 suites, compression and status request": ALERT}
    )
    seen_here = ask(family(), server)

    assert len(server.asked) == 2
    assert {type(each) for each in seen_here.values()} == {AlertAnswer}


def test_an_alert_about_versions_is_not_believed_where_a_short_hello_is_answered():
    server = Server(GOOD, **{f"{BAD} or {OLD}": ALERT})
    seen_here = ask(family(), server)

    assert server.asked[1:] == ["64 suites, compression and status request", FACTS]
    assert isinstance(seen_here[FACTS], ServerAnswer)


def test_one_part_and_its_control_are_asked_at_once():
    of = family("mozilla-intermediate-6.0")
    server = Server(GOOD)
    ask(of, server)

    assert sorted(server.asked) == sorted([FACTS, BAD])


@pytest.mark.parametrize("longest", [100, 64])
@pytest.mark.parametrize(
    ("accepted", "bad", "old"),
    [
        ((GOOD,), AlertAnswer, AlertAnswer),
        ((GOOD, CBC), AlertAnswer, ServerAnswer),
        ((GOOD, RC4), ServerAnswer, AlertAnswer),
    ],
)
def test_a_server_that_closes_on_long_hellos_is_asked_in_slices(longest, accepted, bad, old):
    server = Server(*accepted, longest=longest)
    seen_here = ask(family(), server)

    assert len(server.asked) == 2 + 1 + 2 + 4
    assert isinstance(seen_here[FACTS], ServerAnswer)
    assert isinstance(seen_here[BAD], bad)
    assert isinstance(seen_here[OLD], old)


def test_a_slice_without_an_answer_leaves_its_part_open():
    lost = f"{OLD}, 65 to 128"
    seen_here = ask(family(), Server(GOOD, longest=SLICE, **{lost: missing()}))

    assert seen_here[OLD] is None
    assert isinstance(seen_here[BAD], AlertAnswer)


def test_a_server_that_refuses_short_hellos_too_is_left_alone():
    server = Server()
    seen_here = ask(family(), server)

    assert len(server.asked) == 3
    assert not any(isinstance(each, ServerAnswer) for each in seen_here.values())


def test_no_answer_at_all_is_no_answer_to_any_part():
    both = f"{BAD} or {OLD}"
    of = family()
    answers = asyncio.run(ask_family(of, Server(GOOD, **{both: missing()})))

    assert isinstance(answer_of(answers[of.control]), ServerAnswer)
    for part in of.parts:
        assert isinstance(answers[part].missing, Missing)


def _suites(connection: socket.socket) -> int:
    """Return how many suites a ClientHello offers, without taking it."""
    at = 5 + 4 + 2 + 32 + 1
    head = connection.recv(at, socket.MSG_PEEK | socket.MSG_WAITALL)
    at += head[-1] + 2
    head = connection.recv(at, socket.MSG_PEEK | socket.MSG_WAITALL)
    return int.from_bytes(head[-2:], "big") // 2


def _limited(connection) -> None:
    """Hang up on hellos of more than 128 suites, and hand all others to a real server of TLS 1.2."""
    if _suites(connection) > 128:
        return
    context = identity_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA")
    with context.wrap_socket(connection, server_side=True) as inside:
        says(b"220 h ESMTP\r\n", b"250 h\r\n", b"221 bye\r\n")(inside)


def test_a_listener_that_drops_long_hellos_is_decided_by_slices():
    with peer(_limited) as (port, served):
        found = verdicts(port, "smtp", "tls-cipher", mode="implicit")

    assert [(v.outcome, v.message) for v in found] == [
        (Outcome.FAIL, "the server accepts TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA")
    ]
    assert len(served) == 1 + 2 + 1 + 2 + 4


def test_the_first_part_counts_the_first_hello():
    of = family()
    answers = asyncio.run(ask_family(of, Server(GOOD)))
    counts = [answers[question].attempts for question in (of.control, *of.parts)]

    assert counts == [1, 1, 0]
    assert replace(answers[of.parts[1]], attempts=1) == answers[of.parts[0]]
    assert isinstance(answers[of.control].evidence, HelloEvidence)


def _waiting_for_the_other(left: threading.Event):
    """Return a server whose answer to a long hello comes when another connection has been given up."""

    def talk(connection: socket.socket) -> None:
        for part, command in (
            (b"220 h ESMTP\r\n", b"EHLO"),
            (b"250-h\r\n250 STARTTLS\r\n", b"STARTTLS"),
        ):
            connection.sendall(part)
            assert connection.recv(4096).startswith(command)
        connection.sendall(b"220 go\r\n")
        if not connection.recv(1, socket.MSG_PEEK):
            left.set()
        elif _suites(connection) > 128:
            left.wait(timeout=20)
            connection.sendall(record(b"\x02\x28", kind=21))
        else:
            with identity_context().wrap_socket(connection, server_side=True) as inside:
                while inside.recv(4096):
                    inside.sendall(b"250 h\r\n")

    return talk


def test_a_second_hello_that_is_not_decided_in_time_is_asked_afterwards(monkeypatch):
    monkeypatch.setattr(hello, "DECISION_SECONDS", 0.1)
    left = threading.Event()
    with peer(_waiting_for_the_other(left)) as (port, served):
        found = verdicts(port, "smtp", "tls-cipher")

    assert left.is_set()
    assert {v.outcome for v in found} <= {Outcome.FAIL, Outcome.PASS}
    # The session, the first hello, the second in vain and again, a short one, and six slices.
    assert len(served) == 1 + 1 + 2 + 1 + 6
