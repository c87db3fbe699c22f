from __future__ import annotations

import pytest

from mailtls.dialects.base import Opening
from mailtls.dialects.imap import ImapDialect
from mailtls.dialects.lines import LITERAL_BYTES, REPLY_LINES
from mailtls.evidence import Capabilities, Missing, Reply, Spoken, WrongMode
from mailtls.terms import Cause, Phase

IMAP = ImapDialect()
GREETING = b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n"
ASK = b"m1 CAPABILITY\r\n"
ASK_AGAIN = b"m3 CAPABILITY\r\n"


def opening():
    return IMAP.opening("probe.example")


def capabilities():
    return IMAP.capabilities("probe.example")


def test_a_greeting_and_capability_open_imap_and_only_the_answer_counts(talk):
    listing = b"* CAPABILITY imap4rev1 STARTTLS LOGINDISABLED AUTH=XOAUTH2\r\nm1 OK done\r\n"
    outcome = talk.play(opening, [(b"", GREETING), (ASK, listing)])
    assert outcome == Opening(
        greeting=Reply(code="OK", lines=("[CAPABILITY IMAP4rev1 AUTH=PLAIN] ready",)),
        capabilities=Capabilities(
            names=("IMAP4REV1", "STARTTLS", "LOGINDISABLED", "AUTH=XOAUTH2"),
            mechanisms=("XOAUTH2",),
        ),
    )
    assert IMAP.offers_starttls(outcome.capabilities)


def test_preauth_is_kept_as_a_greeting(talk):
    turns = [(b"", b"* preauth hello\n"), (ASK, b"* CAPABILITY IMAP4rev1\nm1 OK\n")]
    outcome = talk.play(opening, turns)
    assert outcome.greeting == Reply(code="PREAUTH", lines=("hello",))
    assert not IMAP.offers_starttls(outcome.capabilities)


def test_unsolicited_lines_literals_and_a_second_list_are_read_past(talk):
    listing = (
        b"* OK still here {3}\r\n"
        b'* LIST () "/" {7}\r\nm1 OK\r\n ({2}\r\nxx)\r\n'
        b"* CAPABILITY OLD\r\n"
        b"* CAPABILITY IMAP4rev1 STARTTLS\r\n"
        b"m1 OK done\r\n"
    )
    outcome = talk.play(opening, [(b"", GREETING), (ASK, listing)])
    assert outcome.capabilities.names == ("IMAP4REV1", "STARTTLS")


@pytest.mark.parametrize(
    ("greeting", "cause"),
    [
        (b"* BYE too many connections\r\n", Cause.THROTTLED),
        (b"* OK " + b"x" * 9000, Cause.MALFORMED),
        (b"* OK\rready\r\n", Cause.MALFORMED),
    ],
)
def test_a_greeting_that_ends_it(talk, greeting, cause):
    assert talk.missing(opening, [(b"", greeting)]) == (Phase.GREETING, cause)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"m1 NO [UNAVAILABLE] later\r\n", Cause.THROTTLED),
        (b"* BYE shutting down\r\nm1 OK\r\n", Cause.THROTTLED),
        (b"m1 OK no list\r\n", Cause.MALFORMED),
        (b"+ go on\r\n", Cause.MALFORMED),
        (b"m9 OK other tag\r\n", Cause.MALFORMED),
        (b"m1 MAYBE\r\n", Cause.MALFORMED),
        (b"\x16\x03\x01\r\n", Cause.MALFORMED),
        (b"* 1 EXISTS\r\n" * (REPLY_LINES + 1), Cause.MALFORMED),
        (b"* X {%d}\r\n" % (LITERAL_BYTES + 1), Cause.MALFORMED),
        (b"* X {60000}\r\n" * 5 + b"x" * 400_000, Cause.MALFORMED),
    ],
)
def test_an_answer_to_capability_that_ends_it(talk, answer, cause):
    turns = [(b"", GREETING), (ASK, answer)]
    assert talk.missing(opening, turns) == (Phase.CAPABILITY, cause)


@pytest.mark.parametrize("status", [b"NO", b"BAD"])
def test_a_refused_capability_leaves_the_greeting(talk, status):
    outcome = talk.play(opening, [(b"", GREETING), (ASK, b"m1 " + status + b" no\r\n")])
    assert outcome.greeting.code == "OK"
    assert isinstance(outcome.capabilities, Missing)
    assert outcome.capabilities.phase is Phase.CAPABILITY
    assert outcome.capabilities.cause is Cause.REFUSED


@pytest.mark.parametrize(
    ("turns", "phase"),
    [
        ([(b"", b"")], Phase.GREETING),
        ([(b"", b"* OK")], Phase.GREETING),
        ([(b"", GREETING), (ASK, b"* CAPABILITY STARTTLS\r\n")], Phase.CAPABILITY),
    ],
)
def test_an_early_end_is_closed_where_it_came(talk, turns, phase):
    assert talk.missing(opening, turns, closed=True) == (phase, Cause.CLOSED)


@pytest.mark.parametrize(
    ("greeting", "spoken"),
    [
        (b"+OK ready\r\n", Spoken.POP3),
        (b"220 mx ESMTP\r\n", Spoken.SMTP),
        (b"garbage\r\n", Spoken.UNKNOWN),
    ],
)
def test_another_protocol_is_named(talk, greeting, spoken):
    outcome = talk.play(opening, [(b"", greeting)])
    assert outcome.greeting == WrongMode(spoken=spoken, first_bytes=greeting)


@pytest.mark.parametrize(
    ("answer", "accepted", "temporary"),
    [
        (b"m2 OK begin\r\n", True, False),
        (b"* 1 EXISTS\r\nm2 ok\r\n", True, False),
        (b"m2 NO [INUSE] later\r\n", False, True),
        (b"m2 NO no\r\n", False, False),
        (b"m2 BAD what\r\n", False, False),
    ],
)
def test_the_answer_to_starttls(talk, answer, accepted, temporary):
    upgrade = talk.play(IMAP.upgrade, [(b"m2 STARTTLS\r\n", answer)])
    assert (upgrade.accepted, upgrade.temporary, upgrade.leftover) == (accepted, temporary, b"")


def test_no_answer_to_starttls(talk):
    end = talk.missing(IMAP.upgrade, [(b"m2 STARTTLS\r\n", b"* BYE\r\n")], closed=True)
    assert end == (Phase.UPGRADE, Cause.CLOSED)


def test_capabilities_are_asked_again(talk):
    listing = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nm3 OK\r\n"
    assert talk.play(capabilities, [(ASK_AGAIN, listing)]) == Capabilities(
        names=("IMAP4REV1", "AUTH=PLAIN"), mechanisms=("PLAIN",)
    )
    refused = talk.missing(capabilities, [(ASK_AGAIN, b"m3 NO no\r\n")])
    assert refused == (Phase.AFTER_TLS, Cause.REFUSED)


def test_commands_have_tags_of_their_own_and_keep_untagged_lines(talk):
    tag = IMAP.command(b"NOOP").data_to_send().split()[0]
    assert IMAP.command(b"STARTTLS").data_to_send().split()[0] != tag
    answer = b"* 1 EXISTS\r\n" + tag + b" OK done\r\n"
    reply = talk.play(lambda: IMAP.command(b"NOOP"), [(tag + b" NOOP\r\n", answer)])
    assert reply == Reply(code="OK", lines=("* 1 EXISTS", "done"))


def test_a_challenge_ends_the_reply_and_is_cancelled_without_a_tag(talk):
    authenticate = IMAP.command(b"AUTHENTICATE PLAIN")
    authenticate.receive_data(b"+ \r\n")
    assert authenticate.outcome == Reply(code="+", lines=("",))
    reply = talk.play(lambda: IMAP.command(b"*"), [(b"*\r\n", b"c0 BAD cancelled\r\n")])
    assert reply == Reply(code="BAD", lines=("cancelled",))


def test_logout_closes(talk):
    reply = talk.play(IMAP.closing, [(b"m4 LOGOUT\r\n", b"* BYE bye\r\nm4 OK done\r\n")])
    assert reply == Reply(code="OK", lines=("* BYE bye", "done"))


def test_an_answer_to_a_challenge_has_no_tag_and_is_not_shown(talk):
    exchanged = talk.play(lambda: IMAP.answer(b"canary"), [(b"Y2FuYXJ5\r\n", b"c1 OK in\r\n")])
    assert exchanged == Reply(code="OK", lines=("in",))
    assert talk.play(lambda: IMAP.answer(b""), [(b"\r\n", b"+ bW9yZQ==\r\n")]).code == "+"
    assert [line.text for line in IMAP.answer(b"canary").transcript] == ["***"]
