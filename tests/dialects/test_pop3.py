from __future__ import annotations

import pytest

from mailtls.dialects.base import Opening
from mailtls.dialects.lines import REPLY_LINES
from mailtls.dialects.pop3 import Pop3Dialect
from mailtls.evidence import Capabilities, Reply, Spoken, WrongMode
from mailtls.terms import Cause, Phase

POP3 = Pop3Dialect()
GREETING = b"+OK ready <1.2@mx>\r\n"
CAPA = b"CAPA\r\n"


def opening():
    return POP3.opening("probe.example")


def capabilities():
    return POP3.capabilities("probe.example")


def test_a_greeting_and_capa_open_pop3(talk):
    listing = b"+OK list\r\nSTLS\r\nuser\r\nSASL PLAIN login\r\nEXPIRE 60\r\n\r\n..X\r\n.\r\n"
    outcome = talk.play(opening, [(b"", GREETING), (CAPA, listing)])
    assert outcome == Opening(
        greeting=Reply(code="+OK", lines=("ready <1.2@mx>",)),
        capabilities=Capabilities(
            names=("STLS", "USER", "SASL", "EXPIRE", ".X"), mechanisms=("PLAIN", "LOGIN")
        ),
    )
    assert POP3.offers_starttls(outcome.capabilities)


def test_a_server_without_capa_offers_nothing(talk):
    outcome = talk.play(opening, [(b"", b"+ok\n"), (CAPA, b"-ERR what\n")])
    assert outcome.greeting == Reply(code="+OK", lines=("",))
    assert outcome.capabilities == Capabilities(names=(), mechanisms=())
    assert not POP3.offers_starttls(outcome.capabilities)


@pytest.mark.parametrize(
    ("greeting", "cause"),
    [
        (b"-ERR [SYS/TEMP] later\r\n", Cause.THROTTLED),
        (b"-ERR [IN-USE] later\r\n", Cause.THROTTLED),
        (b"-ERR go away\r\n", Cause.REFUSED),
        (b"+OK " + b"x" * 9000, Cause.MALFORMED),
    ],
)
def test_a_greeting_that_ends_it(talk, greeting, cause):
    assert talk.missing(opening, [(b"", greeting)]) == (Phase.GREETING, cause)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"-ERR [SYS/TEMP] later\r\n", Cause.THROTTLED),
        (b"garbage\r\n", Cause.MALFORMED),
        (b"+OK\r\n" + b"X\r\n" * REPLY_LINES, Cause.MALFORMED),
    ],
)
def test_an_answer_to_capa_that_ends_it(talk, answer, cause):
    assert talk.missing(opening, [(b"", GREETING), (CAPA, answer)]) == (Phase.CAPABILITY, cause)


@pytest.mark.parametrize(
    ("turns", "phase"),
    [
        ([(b"", b"")], Phase.GREETING),
        ([(b"", b"+OK")], Phase.GREETING),
        ([(b"", GREETING), (CAPA, b"+OK\r\nSTLS\r\n")], Phase.CAPABILITY),
    ],
)
def test_an_early_end_is_closed_where_it_came(talk, turns, phase):
    assert talk.missing(opening, turns, closed=True) == (phase, Cause.CLOSED)


@pytest.mark.parametrize(
    ("greeting", "spoken"),
    [
        (b"* OK ready\r\n", Spoken.IMAP),
        (b"-ERR max number of clients reached\r\n", Spoken.REDIS),
        (b"garbage\r\n", Spoken.UNKNOWN),
    ],
)
def test_another_protocol_is_named(talk, greeting, spoken):
    outcome = talk.play(opening, [(b"", greeting)])
    assert outcome.greeting == WrongMode(spoken=spoken, first_bytes=greeting)


@pytest.mark.parametrize(
    ("answer", "accepted", "temporary"),
    [
        (b"+OK begin\r\n", True, False),
        (b"-ERR [SYS/TEMP] later\r\n", False, True),
        (b"-ERR no\r\n", False, False),
        (b"+ \r\n", False, False),
    ],
)
def test_the_answer_to_stls(talk, answer, accepted, temporary):
    upgrade = talk.play(POP3.upgrade, [(b"STLS\r\n", answer)])
    assert (upgrade.accepted, upgrade.temporary, upgrade.leftover) == (accepted, temporary, b"")


def test_no_answer_to_stls(talk):
    end = talk.missing(POP3.upgrade, [(b"STLS\r\n", b"+O")], closed=True)
    assert end == (Phase.UPGRADE, Cause.CLOSED)


def test_capabilities_are_asked_again(talk):
    listing = b"+OK\r\nSASL PLAIN\r\n.\r\n"
    expected = Capabilities(names=("SASL",), mechanisms=("PLAIN",))
    assert talk.play(capabilities, [(CAPA, listing)]) == expected
    end = talk.missing(capabilities, [(CAPA, b"+OK\r\n")], closed=True)
    assert end == (Phase.AFTER_TLS, Cause.CLOSED)


def test_capa_is_the_only_command_with_a_long_reply(talk):
    reply = talk.play(lambda: POP3.command(b"capa"), [(b"capa\r\n", b"+OK x\r\nSTLS\r\n.\r\n")])
    assert reply == Reply(code="+OK", lines=("x", "STLS"))
    assert talk.play(lambda: POP3.command(b"NOOP"), [(b"NOOP\r\n", b"+OK\r\n")]).lines == ("",)


def test_a_challenge_ends_the_reply(talk):
    reply = talk.play(lambda: POP3.command(b"AUTH PLAIN"), [(b"AUTH PLAIN\r\n", b"+ \r\n")])
    assert reply == Reply(code="+", lines=("",))


def test_quit_closes(talk):
    assert talk.play(POP3.closing, [(b"QUIT\r\n", b"+OK bye\r\n")]).code == "+OK"


def test_an_answer_to_a_challenge_is_not_shown(talk):
    exchanged = talk.play(lambda: POP3.answer(b"canary"), [(b"Y2FuYXJ5\r\n", b"+OK in\r\n")])
    assert exchanged == Reply(code="+OK", lines=("in",))
    assert [line.text for line in POP3.answer(b"canary").transcript] == ["***"]
