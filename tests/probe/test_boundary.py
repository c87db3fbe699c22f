"""The two tests of the boundary on one connection each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import pytest

from fuzz.flights import certificate, message, record, server_hello
from mailtls.evidence import (
    AlertAnswer,
    ClosedAnswer,
    Fallback,
    FallbackEvidence,
    HandshakeRefused,
    HelloEvidence,
    InjectionEvidence,
    Missing,
    NotOffered,
    Observation,
    Observed,
    ServerAnswer,
    Smuggled,
    UpgradeReply,
    WrongMode,
)
from mailtls.net.routes import Routes
from mailtls.plan import Ask, Plan
from mailtls.policy.model import AddressChoice
from mailtls.probe.attempt import Attempt
from mailtls.probe.perform import perform
from mailtls.probe.questions import (
    FallbackQuestion,
    HelloQuestion,
    InjectionQuestion,
    Question,
    Service,
    Target,
)
from mailtls.probe.runner import Limits, Runner
from mailtls.terms import Cause, Mode, Phase, Protocol, TlsVersion
from mailtls.tls.offers import at_most
from probe.peers import NAME, network, peer, says, settings
from probe.upgrading import Faults, server

INJECTION = InjectionQuestion(protocol=Protocol.SMTP, server_name=NAME)
FALLBACK = FallbackQuestion(protocol=Protocol.SMTP)
OPENING = (b"220 h ESMTP\r\n", b"250-h\r\n250 STARTTLS\r\n")


def attempt(
    port: int, question: Question, carries: tuple[Question, ...] = (), seconds: float = 20
) -> Attempt:
    return Attempt(
        question=question,
        target=Target(host=NAME, port=port, address="127.0.0.1"),
        port=port,
        settings=settings(),
        deadline=time.monotonic() + seconds,
        on_progress=lambda: None,
        carries=carries,
    )


def ask(port: int, question: Question, seconds: float = 20) -> tuple[object, list[str]]:
    seen = asyncio.run(perform(attempt(port, question, seconds=seconds), network()))
    assert isinstance(seen, Observed), seen
    return seen.evidence, [line.text for line in seen.transcript if line.side == "C"]


def ask_all(port: int, *questions: Question) -> Mapping[Question, Observation]:
    """Ask several questions of one target, as a run asks them."""
    asks = (
        Ask(
            service=Service(host="127.0.0.1", port=port),
            addresses=AddressChoice.ALL,
            question=question,
            askers=(),
        )
        for question in questions
    )
    runner = Runner(
        network(),
        limits=Limits(timeout=20, per_host=4, concurrency=1, retries=1, pause=0.01),
        settings=settings(),
        routes=Routes(),
    )
    book = asyncio.run(runner.run(Plan(asks=tuple(asks))))
    return {question: seen for (_, question), seen in book.answers.items()}


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        (Protocol.SMTP, ["STARTTLS", "NOOP", "QUIT"]),
        (
            Protocol.IMAP,
            ["m2 STARTTLS", "smuggled0000000000000000 NOOP", "real0000000000000000 LOGOUT"],
        ),
        (Protocol.POP3, ["STLS", "CAPA", "STLS", "QUIT"]),
        (
            Protocol.SIEVE,
            ["STARTTLS", 'NOOP "x0000000000000000"', 'NOOP "y0000000000000000"', "LOGOUT"],
        ),
    ],
)
def test_each_protocol_ends_with_a_goodbye(protocol, said):
    with server(protocol.value, Faults()) as (port, served):
        seen, client = ask(port, InjectionQuestion(protocol=protocol, server_name=NAME))

    assert isinstance(seen, InjectionEvidence)
    assert seen.answer == Smuggled(replies=())
    assert client[-len(said) :] == said
    assert len(served) == 1


@pytest.mark.parametrize(
    ("behind", "kind"), [((), ClosedAnswer), ((b"BAD handshake\r\n",), WrongMode)]
)
def test_what_reads_the_command_as_tls_has_answered(behind, kind):
    def talk(connection):
        says(*OPENING, b"220 go\r\n", *behind)(connection) if behind else _hang_up(connection)

    with peer(talk) as (port, _):
        seen, _ = ask(port, INJECTION)

    assert isinstance(seen, InjectionEvidence)
    assert isinstance(seen.answer, kind)


def _hang_up(connection) -> None:
    for part in (*OPENING, b"220 go\r\n"):
        connection.sendall(part)
        connection.recv(4096)


@pytest.mark.parametrize("protocol", [Protocol.IMAP, Protocol.POP3, Protocol.SMTP])
def test_what_takes_the_command_for_a_record_need_not_wait_for_the_rest(protocol):
    """Dovecot 2.4 with OpenSSL from 3.2 on reads a record of any type and version to its end."""
    opening = {
        Protocol.IMAP: (b"* OK h\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\nm1 OK done\r\n"),
        Protocol.POP3: (b"+OK h\r\n", b"+OK\r\nSTLS\r\n.\r\n"),
        Protocol.SMTP: OPENING,
    }[protocol]
    go_ahead = {Protocol.IMAP: b"m2 OK go\r\n", Protocol.POP3: b"+OK go\r\n"}

    def talk(connection):
        for part in opening:
            connection.sendall(part)
            said = connection.recv(4096)
        connection.sendall(go_ahead.get(protocol, b"220 go\r\n"))
        taken = said.partition(b"\r\n")[2]
        length = int.from_bytes(taken[3:5], "big")
        while length <= (1 << 14) + 256 and len(taken) < 5 + length:
            taken += connection.recv(4096)
        connection.sendall(b"\x15\x03\x03\x00\x02\x02\x50")
        while connection.recv(4096):
            pass

    with peer(talk) as (port, _):
        seen, _ = ask(port, InjectionQuestion(protocol=protocol, server_name=NAME))

    assert seen.answer == HandshakeRefused(alert=80, name="internal_error")


def test_without_an_offer_nothing_is_smuggled():
    with peer(says(b"220 h ESMTP\r\n", b"250 h\r\n", b"221 bye\r\n")) as (port, _):
        injection, client = ask(port, INJECTION)
        fallback, _ = ask(port, FALLBACK)

    assert client == ["EHLO probe.example.test", "QUIT"]
    for seen in (injection, fallback):
        assert isinstance(seen.upgrade, NotOffered)
        assert isinstance(seen.answer, Missing)
        assert (seen.answer.phase, seen.answer.cause) == (Phase.UPGRADE, Cause.PREREQUISITE)


@pytest.mark.parametrize("question", [INJECTION, FALLBACK])
@pytest.mark.parametrize(
    ("parts", "phase", "cause"),
    [
        ((b"421 busy\r\n",), Phase.GREETING, Cause.THROTTLED),
        ((b"+OK POP3\r\n",), Phase.GREETING, Cause.PREREQUISITE),
        ((b"220 h\r\n", b"554 no\r\n", b"554 no\r\n", b"554 no\r\n"), Phase.CAPABILITY, None),
        ((*OPENING, b"454 not now\r\n", b"221 bye\r\n"), Phase.UPGRADE, Cause.THROTTLED),
    ],
)
def test_what_stops_before_the_upgrade_says_where(question, parts, phase, cause):
    with peer(says(*parts)) as (port, _):
        seen, _ = ask(port, question)

    assert isinstance(seen.answer, Missing)
    assert (seen.answer.phase, seen.answer.cause) == (phase, cause or Cause.REFUSED)


def test_a_sound_server_ends_the_connection_behind_junk():
    with server("smtp", Faults()) as (port, _):
        seen, client = ask(port, FALLBACK)

    assert isinstance(seen, FallbackEvidence)
    assert isinstance(seen.upgrade, UpgradeReply)
    assert isinstance(seen.answer, Fallback)
    assert seen.answer.resumed == ()
    assert "QUIT" not in client


def test_a_server_that_goes_on_in_clear_is_told_goodbye():
    with server("smtp", Faults(resumes=True)) as (port, _):
        seen, client = ask(port, FALLBACK)

    assert seen.answer == Fallback(alerted=False, resumed=("250 ok",))
    assert client[-2:] == ["NOOP", "QUIT"]


def test_a_server_that_stays_silent_behind_junk_decides_nothing():
    with peer(says(*OPENING, b"220 go\r\n")) as (port, _):
        seen, _ = ask(port, FALLBACK, seconds=1)

    assert isinstance(seen.answer, Missing)
    assert (seen.answer.phase, seen.answer.cause) == (Phase.HANDSHAKE, Cause.TIMED_OUT)


def test_silence_behind_an_alert_is_an_end():
    alert = b"\x15\x03\x03\x00\x02\x02\x0a"
    with peer(says(*OPENING, b"220 go\r\n", alert)) as (port, _):
        seen, _ = ask(port, FALLBACK, seconds=1)

    assert seen.answer == Fallback(alerted=True, resumed=())


def refused(port: int) -> tuple[HelloEvidence | None, FallbackEvidence]:
    """Ask a hello of old versions with the fallback by the way."""
    hello = HelloQuestion(
        protocol=Protocol.SMTP, mode=Mode.STARTTLS, server_name="", offer=at_most(TlsVersion.TLS1_1)
    )
    asking = attempt(port, hello, carries=(FALLBACK,))
    seen = asyncio.run(perform(asking, network()))
    evidence = seen.evidence if isinstance(seen, Observed) else None
    assert evidence is None or isinstance(evidence, HelloEvidence)
    assert asking.heard.fallback is not None
    return evidence, asking.heard.fallback


def test_a_refused_hello_shows_by_the_way_whether_clear_text_goes_on():
    with server("smtp", Faults()) as (port, served):
        old, seen = refused(port)

    assert old == HelloEvidence(answer=AlertAnswer(alert=70, name="protocol_version"))
    assert seen.answer == Fallback(alerted=True, resumed=())
    assert len(served) == 1


ALERT = b"\x15\x03\x01\x00\x02\x02\x46"
FLIGHT = record(
    server_hello(0x0302, 0x002F) + certificate(b"leaf") + message(14, b""), version=0x0302
)


@pytest.mark.parametrize(
    ("behind", "heard", "answer"),
    [
        ((ALERT, b"250 ok\r\n"), Fallback(alerted=True, resumed=("250 ok",)), AlertAnswer),
        ((ALERT + b"250 ok\r\n",), Fallback(alerted=True, resumed=("250 ok",)), AlertAnswer),
        ((b"503 no TLS\r\n", b"250 ok\r\n"), Fallback(alerted=False, resumed=("250 ok",)), None),
        ((FLIGHT, ALERT, b"250 ok\r\n"), Fallback(alerted=True, resumed=("250 ok",)), ServerAnswer),
        ((FLIGHT, ALERT), Fallback(alerted=True, resumed=()), ServerAnswer),
        ((), Fallback(alerted=False, resumed=()), ClosedAnswer),
    ],
)
def test_every_end_of_a_hello_is_a_failed_handshake(behind, heard, answer):
    talk = says(*OPENING, b"220 go\r\n", *behind) if behind else _hang_up
    with peer(talk) as (port, _):
        old, seen = refused(port)

    assert seen.answer == heard
    assert answer is None if old is None else isinstance(old.answer, answer)


@pytest.mark.parametrize(("goes_on", "resumed"), [(True, 1), (False, 0)])
def test_a_no_in_clear_is_a_refusal_of_the_hello_and_may_be_followed_by_clear_text(
    goes_on, resumed
):
    """Courier hands the connection to a program for TLS, and goes on without it where it fails."""

    def talk(connection):
        for part in (
            b"* OK h\r\n",
            b"* CAPABILITY IMAP4rev1 STARTTLS\r\nm1 OK\r\n",
            b"m2 OK go\r\n",
        ):
            connection.sendall(part)
            connection.recv(4096)
        connection.sendall(b"m2 NO STARTTLS failed\r\n")
        if goes_on:
            tag = connection.recv(4096).partition(b" ")[0]
            connection.sendall(tag + b" OK done\r\n")
            connection.recv(4096)

    hello = HelloQuestion(
        protocol=Protocol.IMAP, mode=Mode.STARTTLS, server_name="", offer=at_most(TlsVersion.TLS1_1)
    )
    with peer(talk) as (port, _):
        asking = attempt(port, hello, carries=(FallbackQuestion(protocol=Protocol.IMAP),))
        seen = asyncio.run(perform(asking, network()))

    assert isinstance(seen, Observed)
    assert isinstance(seen.evidence, HelloEvidence)
    assert isinstance(seen.evidence.answer, ClosedAnswer)
    assert asking.heard.fallback is not None
    assert isinstance(asking.heard.fallback.answer, Fallback)
    assert len(asking.heard.fallback.answer.resumed) == resumed
