"""Whose reply comes first, and what follows junk: told from lines, however they are cut."""

from __future__ import annotations

import pytest

from mailtls.dialects import DIALECTS
from mailtls.dialects.boundary import CROSSINGS, JUNK_RECORD, fallback, first_replies
from mailtls.evidence import Fallback, Missing, Smuggled
from mailtls.terms import Cause, Phase, Protocol

WORD = "0f"
ALERT = b"\x15\x03\x03\x00\x02\x02\x0a"

ALIGNED = {
    Protocol.SMTP: b"221 bye\r\n",
    Protocol.LMTP: b"221-so long\r\n221 bye\r\n",
    Protocol.IMAP: b"* BYE smuggled0f\r\nreal0f OK done\r\n",
    Protocol.POP3: b"-ERR TLS is active\r\n",
    Protocol.SIEVE: b'"SASL" "PLAIN"\r\nOK "TLS"\r\nOK (TAG {3}\r\ny0f) "Done"\r\n',
}
SMUGGLED = {
    Protocol.SMTP: (b"250 2.0.0 Ok\r\n", "250 2.0.0 Ok"),
    Protocol.LMTP: (b"503 5.5.1 LHLO first\r\n", "503 5.5.1 LHLO first"),
    Protocol.IMAP: (b"SMUGGLED0F OK NOOP done.\r\n", "SMUGGLED0F OK NOOP done."),
    Protocol.POP3: (b"+OK list\r\nSTLS\r\n.\r\n", "+OK list"),
    Protocol.SIEVE: (b'OK (TAG "x0f") "Done"\r\n', 'OK (TAG "x0f") "Done"'),
}


def told(engine, *parts: bytes, ends: bool = False):
    """Return the outcome of an engine that is told `parts` in single bytes, and what it sent."""
    sent = engine.data_to_send()
    for part in parts:
        for byte in part:
            engine.receive_data(bytes([byte]))
            sent += engine.data_to_send()
    if ends:
        engine.receive_eof()
    return engine.outcome, sent


@pytest.mark.parametrize("protocol", list(Protocol))
def test_the_first_reply_is_to_the_first_command_inside(protocol):
    outcome, sent = told(first_replies(protocol, WORD), ALIGNED[protocol])

    assert outcome == Smuggled(replies=())
    assert sent == CROSSINGS[protocol].real(WORD) + b"\r\n"


@pytest.mark.parametrize("protocol", list(Protocol))
def test_a_reply_before_it_is_to_the_smuggled_command(protocol):
    reply, shown = SMUGGLED[protocol]
    outcome, _ = told(first_replies(protocol, WORD), reply, ALIGNED[protocol])

    assert outcome == Smuggled(replies=(shown,))


@pytest.mark.parametrize(
    ("protocol", "said", "cause"),
    [
        (Protocol.SMTP, b"421 later\r\n", Cause.THROTTLED),
        (Protocol.SIEVE, b'NO "what is NOOP"\r\n', Cause.MALFORMED),
        (Protocol.IMAP, b"* hello\r\n" * 70, Cause.MALFORMED),
    ],
)
def test_what_decides_nothing(protocol, said, cause):
    outcome, _ = told(first_replies(protocol, WORD), said)

    assert isinstance(outcome, Missing)
    assert (outcome.phase, outcome.cause) == (Phase.AFTER_TLS, cause)


def test_a_second_greeting_is_no_reply():
    outcome, _ = told(first_replies(Protocol.SMTP, WORD), b"220 again\r\n221 bye\r\n")

    assert outcome == Smuggled(replies=())


@pytest.mark.parametrize("protocol", list(Protocol))
def test_an_alert_and_an_end_are_sound(protocol):
    outcome, sent = told(fallback(protocol, WORD), ALERT, ends=True)

    assert outcome == Fallback(alerted=True, resumed=())
    assert sent == JUNK_RECORD + CROSSINGS[protocol].smuggled(WORD) + b"\r\n"


@pytest.mark.parametrize("protocol", list(Protocol))
def test_a_reply_in_clear_behind_the_junk_is_not(protocol):
    reply, shown = SMUGGLED[protocol]
    outcome, _ = told(fallback(protocol, WORD), ALERT, b"BAD TLS failed\r\n", reply)

    assert outcome == Fallback(alerted=True, resumed=(shown,))


@pytest.mark.parametrize("protocol", [Protocol.IMAP, Protocol.POP3, Protocol.SIEVE])
def test_who_talks_in_clear_is_asked_once_more(protocol):
    """What was left of the junk had spoilt the first command, as with Courier's POP3 server."""
    reply, shown = SMUGGLED[protocol]
    refusals = (b"-ERR NO TLS failed\r\n", b"-ERR NO what\r\n")
    outcome, sent = told(fallback(protocol, WORD), ALERT, *refusals, reply)

    assert outcome == Fallback(alerted=True, resumed=(shown,))
    assert sent == JUNK_RECORD + (CROSSINGS[protocol].smuggled(WORD) + b"\r\n") * 2


def test_words_and_an_end_without_an_alert():
    outcome, _ = told(fallback(Protocol.SMTP, WORD), b"500 what\r\n", ends=True)

    assert outcome == Fallback(alerted=False, resumed=())


def test_nothing_but_an_end():
    outcome, sent = told(fallback(Protocol.IMAP, WORD), ends=True)

    assert outcome == Fallback(alerted=False, resumed=())
    assert sent == JUNK_RECORD


@pytest.mark.parametrize("protocol", list(Protocol))
def test_the_smuggled_command_goes_in_one_write_with_the_request(protocol):
    smuggled = CROSSINGS[protocol].smuggled(WORD)
    alone = DIALECTS[protocol].upgrade().data_to_send()

    assert DIALECTS[protocol].upgrade(smuggled).data_to_send() == alone + smuggled + b"\r\n"


def test_what_is_smuggled_is_one_line():
    with pytest.raises(ValueError, match="not one command line"):
        DIALECTS[Protocol.SMTP].upgrade(b"NOOP\r\nRSET")


@pytest.mark.parametrize("protocol", list(Protocol))
def test_what_is_smuggled_is_no_record_that_could_be_waited_for(protocol):
    line = CROSSINGS[protocol].smuggled(WORD) + b"\r\n"

    # RFC 8446 section 5.2: 2^14 + 256 is the longest.
    assert int.from_bytes(line[3:5], "big") > (1 << 14) + 256


@pytest.mark.parametrize("protocol", list(Protocol))
def test_behind_an_alert_the_command_is_said_at_once(protocol):
    reply, shown = SMUGGLED[protocol]
    engine = fallback(protocol, WORD, junk=False, alerted=True)
    outcome, sent = told(engine, reply)

    assert sent == CROSSINGS[protocol].smuggled(WORD) + b"\r\n"
    assert outcome == Fallback(alerted=True, resumed=(shown,))
