"""What a POP3 server may say behind the login, and what it may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.delivery.mailbox import pop3_dialogue as say
from mailtls.dialects.lines import REPLY_BYTES
from mailtls.evidence import Missing, Reply
from mailtls.terms import Cause


def played(lines, turns, *, pipelined, size=1 << 20):
    """Play (written, answered) pairs, and return the outcome."""
    engine = say.batch(lines, pipelined=pipelined)
    for sent, answer in turns:
        assert engine.data_to_send() == sent
        for start in range(0, len(answer), size):
            engine.receive_data(answer[start : start + size])
    return engine.outcome


LISTING = b"+OK 2 messages\r\n1 abc\r\n2 def\r\n.\r\n"
HEADER = b"+OK\r\nSubject: x\r\n..dot\r\n\r\n.\r\n"


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_commands_go_together_where_the_server_takes_that(size):
    lines = [b"UIDL", say.header_line(2), say.size_line(2), say.delete_line(2)]
    answers = [LISTING, HEADER, b"+OK 2 120\r\n", b"-ERR no\r\n"]
    whole = b"UIDL\r\nTOP 2 0\r\nLIST 2\r\nDELE 2\r\n"
    together = played(lines, [(whole, b"".join(answers))], pipelined=True, size=size)
    one_by_one = played(
        lines,
        [(line + b"\r\n", answer) for line, answer in zip(lines, answers, strict=True)],
        pipelined=False,
        size=size,
    )
    assert together == one_by_one
    assert [reply.code for reply in together] == ["+OK", "+OK", "+OK", "-ERR"]
    assert say.unique_ids(together[0]) == {"abc": 1, "def": 2}
    assert say.text(together[1]) == b"Subject: x\r\n.dot\r\n\r\n"
    assert say.size_of(together[2]) == 120
    assert say.size_of(together[3]) is None


def test_a_refused_listing_has_no_lines():
    (reply,) = played([b"UIDL"], [(b"UIDL\r\n", b"-ERR what\r\n")], pipelined=True)
    assert (reply.code, say.unique_ids(reply), say.text(reply)) == ("-ERR", {}, b"")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"what\r\n", Cause.MALFORMED),
        (b"+OK\r\n" + b"x\r\n" * (say.REPLY_LINES + 1), Cause.MALFORMED),
        (b"+OK\r\n" + (b"x" * 8000 + b"\r\n") * (REPLY_BYTES // 8000 + 1), Cause.MALFORMED),
        (b"+OK\r\n" + b"x" * 9000, Cause.MALFORMED),
    ],
)
def test_a_reply_without_end_ends_the_dialogue(answer, cause):
    outcome = played([b"RETR 1"], [(b"RETR 1\r\n", answer)], pipelined=True)
    assert isinstance(outcome, Missing)
    assert outcome.cause is cause


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [(("", "LOGIN-DELAY 60"), 60), (("", "TOP", "login-delay 10 USER"), 10), (("", "TOP"), 0)],
)
def test_the_pause_that_a_server_wants_is_among_its_capabilities(lines, seconds):
    assert say.login_delay(Reply(code="+OK", lines=lines)) == seconds


def test_entries_that_are_none_are_passed_over():
    lines = ("3 messages", "1 a", "x b", "2", "3 " + "y" * 71, "4 c d", "5 e")
    assert say.unique_ids(Reply(code="+OK", lines=lines)) == {"a": 1, "e": 5}


@given(st.binary(max_size=300))
def test_any_bytes_give_replies_or_a_reason(data):
    engine = say.batch([b"UIDL", say.header_line(1)], pipelined=True)
    engine.data_to_send()
    engine.receive_data(data)
    if engine.outcome is None:
        engine.receive_eof()
    assert isinstance(engine.outcome, Missing | tuple)
