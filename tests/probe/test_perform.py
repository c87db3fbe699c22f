"""One question on one connection: sessions, hellos and bare ports against real and odd peers."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable

import pytest

from mailtls.evidence import (
    AlertAnswer,
    Capabilities,
    ClosedAnswer,
    HelloEvidence,
    Missing,
    NotObserved,
    NotOffered,
    Observation,
    Observed,
    PortEvidence,
    Reply,
    ServerAnswer,
    SessionEvidence,
    Skipped,
    Spoken,
    TlsFacts,
    UpgradeReply,
    WrongMode,
)
from mailtls.policy.model import Anchors
from mailtls.probe import session as session_module
from mailtls.probe import steps
from mailtls.probe.attempt import Attempt
from mailtls.probe.perform import perform
from mailtls.probe.questions import (
    HelloQuestion,
    PortQuestion,
    Question,
    SessionQuestion,
    Target,
)
from mailtls.responder.server import Behaviour, Responder
from mailtls.terms import Cause, Mode, Phase, Protocol, TlsVersion
from mailtls.tls import offers
from probe.peers import AUTHORITY, NAME, network, peer, says, settings
from probe.upgrading import identity_context

SYSTEM = Anchors(label="system")


def ask(
    port: int,
    question: Question,
    *,
    seconds: float = 20,
    meanwhile: Callable[[], object] = lambda: None,
) -> Observation:
    attempt = Attempt(
        question=question,
        target=Target(host=NAME, port=port, address="127.0.0.1"),
        port=port,
        settings=settings(),
        deadline=time.monotonic() + seconds,
        on_progress=lambda: None,
        meanwhile=meanwhile,
    )
    return asyncio.run(perform(attempt, network()))


def session(protocol: Protocol, mode: Mode) -> SessionQuestion:
    return SessionQuestion(protocol=protocol, mode=mode, server_name=NAME, anchors=SYSTEM)


def evidence(seen: Observation) -> SessionEvidence:
    assert isinstance(seen, Observed), seen
    assert isinstance(seen.evidence, SessionEvidence)
    return seen.evidence


def responder(protocol: Protocol, mode: Mode, **changes: object) -> Responder:
    behaviour = Behaviour(
        host=NAME, protocol=protocol, mode=mode, identity=AUTHORITY.issue(NAME), **changes
    )
    return Responder(behaviour)


@pytest.mark.parametrize("protocol", [Protocol.SMTP, Protocol.IMAP, Protocol.POP3])
@pytest.mark.parametrize("mode", list(Mode))
def test_a_whole_session_gives_every_step(protocol, mode):
    with responder(protocol, mode) as server:
        seen = ask(server.port, session(protocol, mode))

    facts = evidence(seen)
    assert isinstance(facts.tls, TlsFacts)
    assert facts.tls.version == TlsVersion.TLS1_3
    assert facts.tls.chain[0].dns_names == (NAME,)
    assert facts.tls.path.problem is None
    assert isinstance(facts.after, Capabilities)
    assert facts.after.mechanisms == ("PLAIN",)
    upgraded = mode is Mode.STARTTLS
    assert isinstance(facts.greeting, Reply if upgraded else Skipped)
    assert isinstance(facts.upgrade, UpgradeReply if upgraded else Skipped)
    assert isinstance(facts.greeting_after, Skipped if upgraded else Reply)


@pytest.mark.parametrize("mode", list(Mode))
def test_while_a_reply_is_on_its_way_the_next_step_is_prepared_and_the_chain_judged_once(
    mode, monkeypatch
):
    """The server keeps its go-ahead until the handshake is prepared, its next word until all is judged."""
    done: list[str] = []
    prepared, judged = threading.Event(), threading.Event()

    def noted(name: str, step: Callable[..., object], event: threading.Event):
        def within(*arguments: object) -> object:
            value = step(*arguments)
            done.append(name)
            event.set()
            return value

        return within

    made = noted("handshake", session_module.tls_engine, prepared)
    facts = noted("facts", session_module._facts, judged)
    monkeypatch.setattr(session_module, "tls_engine", made)
    monkeypatch.setattr(session_module, "_facts", facts)
    context = identity_context()

    def talk(connection: socket.socket) -> None:
        greeting = b"220 h\r\n"
        if mode is Mode.STARTTLS:
            connection.sendall(greeting)
            connection.recv(4096)
            connection.sendall(b"250-h\r\n250 STARTTLS\r\n")
            connection.recv(4096)
            if not prepared.wait(timeout=20):
                return
            connection.sendall(b"220 go\r\n")
        with context.wrap_socket(connection, server_side=True) as inside:
            if mode is Mode.STARTTLS:
                inside.recv(4096)
            if judged.wait(timeout=20):
                words = (greeting, b"250 h\r\n", b"221 bye\r\n")
                says(*words[mode is Mode.STARTTLS :])(inside)

    with peer(talk) as (port, _):
        seen = evidence(ask(port, session(Protocol.SMTP, mode)))

    assert isinstance(seen.tls, TlsFacts)
    assert isinstance(seen.after, Capabilities)
    assert done == ["handshake", "facts"]


def test_what_is_to_be_done_meanwhile_is_done_once_for_all_steps():
    done: list[None] = []
    question = HelloQuestion(
        protocol=Protocol.SMTP,
        mode=Mode.STARTTLS,
        server_name=NAME,
        offer=offers.exactly(TlsVersion.TLS1_2),
    )
    with responder(Protocol.SMTP, Mode.STARTTLS) as server:
        seen = ask(server.port, question, meanwhile=lambda: done.append(None))

    assert isinstance(seen, Observed)
    assert done == [None]


def test_the_transcript_tells_the_session_in_order():
    with responder(Protocol.SMTP, Mode.STARTTLS) as server:
        seen = ask(server.port, session(Protocol.SMTP, Mode.STARTTLS))

    said = [line.text for line in seen.transcript if line.side == "C"]
    assert said == ["EHLO probe.example.test", "STARTTLS", "EHLO probe.example.test", "QUIT"]
    assert any("TLSv1.3" in line.text for line in seen.transcript if line.side == "*")


def test_a_stripped_upgrade_is_not_tried():
    with responder(Protocol.IMAP, Mode.STARTTLS, starttls=False) as server:
        facts = evidence(ask(server.port, session(Protocol.IMAP, Mode.STARTTLS)))

    assert isinstance(facts.upgrade, NotOffered)
    assert isinstance(facts.tls, Missing)
    assert (facts.tls.phase, facts.tls.cause) == (Phase.UPGRADE, Cause.PREREQUISITE)


def test_clear_text_on_an_implicit_port_is_named():
    with responder(Protocol.SMTP, Mode.STARTTLS) as server:
        facts = evidence(ask(server.port, session(Protocol.SMTP, Mode.IMPLICIT)))

    assert isinstance(facts.tls, WrongMode)
    assert facts.tls.spoken is Spoken.SMTP
    assert facts.tls.first_bytes.startswith(b"220 ")


def test_implicit_tls_on_a_starttls_port_is_named_on_the_same_connection(monkeypatch):
    monkeypatch.setattr(steps, "GREETING_PATIENCE", 0.5)
    with responder(Protocol.IMAP, Mode.IMPLICIT) as server:
        seen = ask(server.port, session(Protocol.IMAP, Mode.STARTTLS))

    facts = evidence(seen)
    assert isinstance(facts.greeting, WrongMode)
    assert facts.greeting.spoken is Spoken.IMPLICIT_TLS
    assert seen.attempts == 1


def test_patience_and_the_last_exchange_fit_into_twelve_seconds():
    assert steps.GREETING_PATIENCE + steps.SILENT_PORT_SECONDS < 12
    assert steps.GREETING_PATIENCE > 6


def test_a_greeting_held_back_in_parts_is_waited_for(monkeypatch):
    monkeypatch.setattr(steps, "GREETING_PATIENCE", 0.5)

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"220-not yet\r\n")
        time.sleep(1)
        says(b"220 now\r\n", b"250-h\r\n250 HELP\r\n", b"221 bye\r\n")(connection)

    with peer(talk) as (port, _):
        seen = ask(port, session(Protocol.SMTP, Mode.STARTTLS))

    facts = evidence(seen)
    assert facts.greeting == Reply(code="220", lines=("not yet", "now"))
    assert isinstance(facts.upgrade, NotOffered)
    assert [line.text for line in seen.transcript].count("EHLO probe.example.test") == 1


def test_a_silent_port_is_a_time_out_and_no_verdict(monkeypatch):
    monkeypatch.setattr(steps, "GREETING_PATIENCE", 0.3)
    monkeypatch.setattr(steps, "SILENT_PORT_SECONDS", 0.3)
    with peer(says(b"")) as (port, _):
        facts = evidence(ask(port, session(Protocol.SMTP, Mode.STARTTLS)))

    assert isinstance(facts.greeting, Missing)
    assert (facts.greeting.phase, facts.greeting.cause) == (Phase.GREETING, Cause.TIMED_OUT)


def test_http_answers_the_last_exchange_of_a_silent_port(monkeypatch):
    monkeypatch.setattr(steps, "GREETING_PATIENCE", 0.3)
    with peer(says(b"", b"HTTP/1.1 400 Bad Request\r\n\r\n")) as (port, _):
        facts = evidence(ask(port, session(Protocol.SMTP, Mode.STARTTLS)))

    assert isinstance(facts.greeting, WrongMode)
    assert facts.greeting.spoken is Spoken.HTTP


@pytest.mark.parametrize(
    ("parts", "phase", "cause"),
    [
        ([b"421 too many connections\r\n"], Phase.GREETING, Cause.THROTTLED),
        ([b"554 your address is listed\r\n"], Phase.GREETING, Cause.REFUSED),
        ([b"220 h ESMTP\r\n", b"421 later\r\n"], Phase.CAPABILITY, Cause.THROTTLED),
        ([b"220 h ESMTP\r\n", b"nonsense\r\n"], Phase.CAPABILITY, Cause.MALFORMED),
        (
            [b"220 h ESMTP\r\n", b"250-h\r\n250 STARTTLS\r\n", b"454 not now\r\n"],
            Phase.UPGRADE,
            Cause.THROTTLED,
        ),
        (
            [b"220 h ESMTP\r\n", b"250-h\r\n250 STARTTLS\r\n", b"220 go\r\n", b"no TLS\r\n"],
            Phase.HANDSHAKE,
            None,
        ),
    ],
)
def test_a_session_says_where_and_why_it_stopped(parts, phase, cause):
    with peer(says(*parts)) as (port, _):
        facts = evidence(ask(port, session(Protocol.SMTP, Mode.STARTTLS)))

    if cause is None:
        assert isinstance(facts.tls, WrongMode)
    else:
        assert isinstance(facts.tls, Missing)
        assert (facts.tls.phase, facts.tls.cause) == (phase, cause)


def test_bytes_behind_the_go_ahead_are_evidence_and_never_reach_tls():
    go_ahead = b"220 go\r\n250-INJECTED\r\n"
    with peer(says(b"220 h\r\n", b"250-h\r\n250 STARTTLS\r\n", go_ahead)) as (port, _):
        facts = evidence(ask(port, session(Protocol.SMTP, Mode.STARTTLS), seconds=2))

    assert isinstance(facts.upgrade, UpgradeReply)
    assert facts.upgrade.leftover == b"250-INJECTED\r\n"


@pytest.mark.parametrize("mode", list(Mode))
def test_a_hello_reads_the_first_flight(mode):
    question = HelloQuestion(
        protocol=Protocol.POP3, mode=mode, server_name=NAME, offer=offers.exactly(TlsVersion.TLS1_2)
    )
    with responder(Protocol.POP3, mode) as server:
        seen = ask(server.port, question)

    assert isinstance(seen, Observed)
    assert isinstance(seen.evidence, HelloEvidence)
    assert isinstance(seen.evidence.answer, ServerAnswer)
    assert seen.evidence.answer.version == TlsVersion.TLS1_2


def test_a_hello_that_is_refused_is_an_answer():
    question = HelloQuestion(
        protocol=Protocol.SMTP,
        mode=Mode.STARTTLS,
        server_name=NAME,
        offer=offers.at_most(TlsVersion.TLS1_1),
    )
    with responder(Protocol.SMTP, Mode.STARTTLS) as server:
        seen = ask(server.port, question)

    assert isinstance(seen, Observed)
    assert seen.evidence == HelloEvidence(answer=AlertAnswer(alert=70, name="protocol_version"))


@pytest.mark.parametrize("reset", [False, True])
def test_a_peer_that_hangs_up_on_a_hello_is_told_from_one_that_times_out(reset):
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    question = HelloQuestion(
        protocol=Protocol.IMAP, mode=Mode.IMPLICIT, server_name="", offer=offers.ssl2()
    )
    with peer(talk) as (port, _):
        seen = ask(port, question)
    with peer(says(b"")) as (port, _):
        silent = ask(port, question, seconds=0.5)

    assert isinstance(seen, Observed)
    assert seen.evidence == HelloEvidence(answer=ClosedAnswer(reset=reset))
    assert isinstance(silent, NotObserved)
    assert silent.missing.cause is Cause.TIMED_OUT


@pytest.mark.parametrize(
    ("starttls", "phase", "cause"), [(False, Phase.UPGRADE, Cause.PREREQUISITE)]
)
def test_a_hello_needs_the_go_ahead(starttls, phase, cause):
    question = HelloQuestion(
        protocol=Protocol.SMTP, mode=Mode.STARTTLS, server_name=NAME, offer=offers.ssl2()
    )
    with responder(Protocol.SMTP, Mode.STARTTLS, starttls=starttls) as server:
        seen = ask(server.port, question)

    assert isinstance(seen, NotObserved)
    assert (seen.missing.phase, seen.missing.cause) == (phase, cause)


def test_a_port_is_open_or_refused():
    with responder(Protocol.SMTP, Mode.STARTTLS) as server:
        port = server.port
        opened = ask(port, PortQuestion())
    closed = ask(port, PortQuestion())

    assert isinstance(opened, Observed)
    assert opened.evidence == PortEvidence()
    assert isinstance(closed, NotObserved)
    assert (closed.missing.phase, closed.missing.cause) == (Phase.CONNECT, Cause.REFUSED)


def test_one_byte_at_a_time_cannot_hold_a_question_beyond_its_deadline():
    def talk(connection: socket.socket) -> None:
        for _ in range(400):
            connection.sendall(b"2")
            time.sleep(0.05)

    with peer(talk) as (port, _):
        facts = evidence(ask(port, session(Protocol.SMTP, Mode.STARTTLS), seconds=1))

    assert isinstance(facts.greeting, Missing)
    assert facts.greeting.cause is Cause.TIMED_OUT
    assert len(facts.greeting.detail) < 100


def test_a_flood_ends_at_the_limit():
    def talk(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"220-" + b"x" * 1000 + b"\r\n")

    with peer(talk) as (port, _):
        facts = evidence(ask(port, session(Protocol.SMTP, Mode.STARTTLS)))

    assert isinstance(facts.greeting, Missing)
    assert facts.greeting.cause is Cause.MALFORMED
