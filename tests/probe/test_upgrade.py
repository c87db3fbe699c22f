"""The walk through the upgrade: what is said, in which order and on which connection, where it stops."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factories import missing, session, tls
from mailtls.evidence import Capabilities, Missing, NotObserved, Observed, Reply, Skipped
from mailtls.policy.model import Anchors
from mailtls.probe.attempt import InClear, Inside
from mailtls.probe.questions import HelloQuestion, SessionQuestion, UpgradeQuestion
from mailtls.probe.upgrade import joined
from mailtls.terms import Cause, Mode, Phase, Protocol
from mailtls.tls.offers import ssl2
from probe.peers import NAME, peer, says
from probe.test_boundary import ask_all
from probe.upgrading import Faults, server

HELLO = "EHLO probe.example.test"
MAIL = "MAIL FROM:<>"
PIPELINING = {
    "EHLO": "250-h\r\n250-PIPELINING\r\n250 STARTTLS\r\n",
    "tls EHLO": "250-h\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n",
    "tls MAIL": "250 ok\r\n",
}
NO = Reply(code="503", lines=("no",))


def walk(port: int, protocol: Protocol = Protocol.SMTP, *, clear: bool = True, hello: bool = True):
    """Ask for the walk beside a session, and a hello where wanted; what the client said, sorted."""
    upgrade = UpgradeQuestion(protocol=protocol, server_name=NAME, clear=clear)
    full = SessionQuestion(
        protocol=protocol, mode=Mode.STARTTLS, server_name=NAME, anchors=Anchors(label="system")
    )
    old = HelloQuestion(protocol=protocol, mode=Mode.STARTTLS, server_name=NAME, offer=ssl2())
    answers = ask_all(port, full, upgrade, *((old,) if hello else ()))
    assert isinstance(answers[full], Observed)
    seen = answers[upgrade]
    assert isinstance(seen, Observed)
    said = [line.text for line in answers[full].transcript if line.side == "C"]
    both = [line.text for line in seen.transcript if line.side == "C"]
    return seen.evidence, both[: len(both) - len(said)], said, seen.attempts


@pytest.mark.parametrize("hello", [True, False])
def test_smtp_says_mail_before_and_behind_tls_and_takes_it_back(hello):
    with server("smtp", Faults()) as (port, served):
        seen, in_clear, on_session, own = walk(port, hello=hello)

    ends = ["STARTTLS", f"SSLv2 hello offering SSLv2: suites: 11, groups: 0, SNI {NAME}"]
    assert in_clear == [MAIL, HELLO, MAIL, *(ends if hello else ["QUIT"])]
    assert on_session == [HELLO, "STARTTLS", MAIL, HELLO, MAIL, "RSET", "STARTTLS", "QUIT"]
    assert [seen.unannounced.code, seen.clear.code] == ["530", "530"]
    assert [seen.forgotten.code, seen.protected.code, seen.again.code] == ["503", "250", "503"]
    assert seen.tls is True
    assert len(served) == 2
    assert own == (not hello)


def test_one_write_says_all_where_pipelining_is_offered():
    with server("smtp", Faults(answers=PIPELINING)) as (port, _):
        seen, in_clear, on_session, _ = walk(port)

    assert in_clear[:5] == [MAIL, HELLO, MAIL, "RSET", "STARTTLS"]
    assert on_session[-4:] == [MAIL, "RSET", "STARTTLS", "QUIT"]
    assert [seen.clear.code, seen.protected.code, seen.again.code] == ["530", "250", "503"]


def test_nothing_is_said_in_clear_where_that_is_not_wanted():
    with server("smtp", Faults()) as (port, served):
        seen, in_clear, on_session, _ = walk(port, clear=False)

    assert not in_clear
    assert on_session[:2] == [HELLO, "STARTTLS"]
    assert isinstance(seen.unannounced, Skipped)
    assert isinstance(seen.clear, Skipped)
    assert isinstance(seen.protected, Reply)
    assert len(served) == 2


@pytest.mark.parametrize(
    ("protocol", "second"), [(Protocol.IMAP, "STARTTLS"), (Protocol.POP3, "STLS")]
)
def test_other_protocols_try_nothing_but_a_second_upgrade(protocol, second):
    with server(protocol.value, Faults()) as (port, _):
        seen, _, on_session, _ = walk(port, protocol, clear=False)

    assert on_session[-2].endswith(second)
    assert isinstance(seen.protected, Skipped)
    assert isinstance(seen.after, Capabilities)
    assert seen.again.code in {"BAD", "-ERR"}


@pytest.mark.parametrize("answers", [{}, PIPELINING])
def test_behind_a_second_go_ahead_nothing_more_is_said(answers):
    with server("smtp", Faults(nests=True, answers=answers)) as (port, _):
        seen, _, on_session, _ = walk(port)

    assert seen.again.code == "220"
    assert on_session[-1] == "STARTTLS"


@pytest.mark.parametrize(
    ("parts", "phase", "cause"),
    [
        ((b"554 no\r\n",), Phase.GREETING, Cause.REFUSED),
        ((b"220 h\r\n", b"nonsense\r\n"), Phase.CAPABILITY, Cause.MALFORMED),
        ((b"220 h\r\n", b"421 busy\r\n"), Phase.CAPABILITY, Cause.THROTTLED),
        ((b"220 h\r\n", b"250 h\r\n", b"503 no\r\n"), Phase.UPGRADE, None),
        (
            (b"220 h\r\n", b"250-h\r\n250 STARTTLS\r\n", b"220 go\r\n", b"no TLS\r\n"),
            Phase.HANDSHAKE,
            None,
        ),
    ],
)
def test_it_says_where_and_why_it_stopped(parts, phase, cause):
    with peer(says(*parts)) as (port, _):
        seen, *_ = walk(port, hello=False)

    assert isinstance(seen.tls, Missing)
    assert (seen.tls.phase, seen.tls.cause) == (phase, cause or Cause.PREREQUISITE)
    assert seen.again == seen.forgotten == seen.tls


def test_a_server_that_answers_ehlo_no_more_leaves_the_rest_missing():
    answers = {"tls MAIL": "421 later\r\n", "tls EHLO": "x\r\n"}
    with server("smtp", Faults(answers=answers)) as (port, _):
        seen, *_ = walk(port)

    assert seen.forgotten.code == "421"
    for step in (seen.after, seen.protected, seen.again):
        assert isinstance(step, Missing)
        assert step.cause is Cause.MALFORMED


@pytest.mark.parametrize(("where", "connections"), [("tls MAIL", 3), ("MAIL", 4)])
def test_a_server_that_hangs_up_on_mail_keeps_the_facts_of_its_session(where, connections):
    with server("smtp", Faults(answers={where: ""}, hangs_up=True)) as (port, served):
        seen, *_ = walk(port)

    # What it hung up on, the session and the hello, is asked again without the walk.
    assert len(served) == connections
    assert seen.tls is True
    assert isinstance(seen.after, Capabilities)
    lost = seen.forgotten if where == "tls MAIL" else seen.unannounced
    assert isinstance(lost, Missing)
    assert lost.cause is Cause.CLOSED


def test_two_halves_are_one_answer():
    question = UpgradeQuestion(protocol=Protocol.SMTP, server_name=NAME, clear=True)
    full = Observed(evidence=session(), transcript=(), seconds=1, attempts=1)
    inside = Inside(forgotten=NO, protected=NO, again=NO)
    whole = joined(question, full, inside, InClear(unannounced=NO, clear=NO))
    assert whole.clear == whole.again == NO
    assert whole.before == session().before

    half = joined(question, full, inside, None)
    assert isinstance(half.clear, Missing)
    assert joined(replace(question, clear=False), full, inside, None).clear == Skipped(
        reason="nothing is to be tried before TLS"
    )
    lost = missing(Phase.HANDSHAKE)
    cut = joined(question, replace(full, evidence=session(tls=lost)), None, None)
    assert cut.tls == cut.again == cut.clear == lost
    gone = NotObserved(missing=lost, transcript=(), seconds=1, attempts=1)
    assert joined(question, gone, None, None) == lost
    assert joined(question, replace(full, evidence=session(tls())), None, None).tls is True
