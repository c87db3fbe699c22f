"""What an IMAP server may say behind the login, whole and byte by byte, and what it may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.delivery.mailbox import imap_dialogue as say
from mailtls.dialects.lines import LITERAL_BYTES
from mailtls.evidence import Missing
from mailtls.terms import Cause, Phase

NONCE = "Nonce0123456789abcdefghijk"


def commands(*lines: bytes):
    return [say.Command(tag=b"t%d" % number, line=line) for number, line in enumerate(lines, 1)]


def heard(engine, data: bytes, *, size: int = 1 << 20):
    """Feed an answer in pieces of `size`, and return the outcome."""
    engine.data_to_send()
    for start in range(0, len(data), size):
        if engine.outcome is None:
            engine.receive_data(data[start : start + size])
    return engine.outcome


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_several_commands_go_in_one_write(size):
    engine = say.batch(commands(b"NOOP", b"UID SEARCH SUBJECT x"))
    assert engine.data_to_send() == b"t1 NOOP\r\nt2 UID SEARCH SUBJECT x\r\n"
    # As Dovecot answers: the search before the NOOP in front of it.
    answers = heard(
        engine, b"* SEARCH 4 2\r\n* 9 EXISTS\r\nt1 OK a\r\nt2 NO [X] b\r\nrest", size=size
    )
    assert [(each.code, each.text) for each in answers.statuses] == [("OK", b"a"), ("NO", b"[X] b")]
    assert say.found(answers) == (2, 4)
    assert say.grown(answers)


def test_the_end_of_an_idle_goes_bare_and_is_answered_by_its_tag():
    engine = say.batch([say.Command(tag=b"i1", line=b"DONE"), *commands(b"NOOP")], unread=b"* 1 R")
    assert engine.data_to_send() == b"DONE\r\nt1 NOOP\r\n"
    answers = heard(engine, b"ECENT\r\ni1 OK\r\nt1 OK\r\n")
    assert answers.untagged == ((b"* 1 RECENT",),)


def test_an_idle_that_is_granted_late_is_ended_all_the_same():
    engine = say.batch([say.Command(tag=b"i1", line=b"DONE"), *commands(b"NOOP")])
    answers = heard(engine, b"+ idling\r\ni1 OK\r\nt1 OK\r\n")
    assert [status.code for status in answers.statuses] == ["OK", "OK"]


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"* BYE going down\r\n", Cause.CLOSED),
        (b"t2 OK\r\n", Cause.MALFORMED),
        (b"t1 MAYBE\r\n", Cause.MALFORMED),
        (b"+ more?\r\n", Cause.MALFORMED),
        (b"* 1 FETCH (BODY[] {%d}\r\n" % (LITERAL_BYTES + 1), Cause.MALFORMED),
        (b"* 1 FETCH (BODY[] {9999999999}\r\n", Cause.MALFORMED),
        (b"* 1 EXISTS\r\n" * (say.RESPONSE_LINES + 1), Cause.MALFORMED),
        (b"* X {60000}\r\n" + b"x" * 60000 + b"\r\n" * 30, Cause.MALFORMED),
        (b"* " + b"x" * 9000, Cause.MALFORMED),
    ],
)
def test_what_is_no_answer_ends_the_dialogue(answer, cause):
    outcome = heard(say.batch(commands(b"NOOP", b"NOOP")), answer * 8)
    assert isinstance(outcome, Missing)
    assert (outcome.phase, outcome.cause) == (Phase.AFTER_TLS, cause)


def test_the_end_of_the_stream_is_told():
    engine = say.batch(commands(b"NOOP"))
    engine.receive_eof()
    assert isinstance(engine.outcome, Missing)
    assert engine.outcome.cause is Cause.CLOSED


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (b"+ idling\r\n* 3 EXISTS\r\n", True),
        (b"+ idling\r\n* OK Still here\r\n* 1 RECENT\r\n", True),
        (b"i1 BAD unknown\r\n", False),
        (b"i1 OK and over\r\n", False),
        (b"+ idling\r\n", None),
    ],
)
def test_idle_ends_with_news(said, outcome):
    assert heard(say.idle(b"i1"), said) is outcome


@pytest.mark.parametrize(
    ("said", "cause"), [(b"+ ok\r\n* BYE\r\n", Cause.CLOSED), (b"what\r\n", Cause.MALFORMED)]
)
def test_idle_may_break(said, cause):
    outcome = heard(say.idle(b"i1"), said)
    assert isinstance(outcome, Missing)
    assert outcome.cause is cause


def answers(*responses: bytes):
    return heard(say.batch(commands(b"X")), b"".join(responses) + b"t1 OK\r\n")


@pytest.mark.parametrize(
    ("response", "content"),
    [
        (b"* 1 FETCH (UID 7 BODY[]<0> {5}\r\nhello)\r\n", b"hello"),
        (b"* 1 FETCH (BODY[]<0> {5}\r\nhello UID 7)\r\n", b"hello"),
        (b"* 1 fetch (uid 7 body[HEADER.FIELDS (X)]<0> {0}\r\n)\r\n", b""),
        (b"* 1 FETCH (UID 7 FLAGS (\\Seen) BODY[] {5}\r\nhello FLAGS ())\r\n", b"hello"),
        (b"* 1 FETCH (UID 8 BODY[]<0> {5}\r\nhello)\r\n", None),
        (b"* 1 FETCH (UID 7 UID 8 BODY[]<0> {5}\r\nhello)\r\n", None),
        (b"* 1 FETCH (BODY[]<0> {5}\r\nhello)\r\n", None),
        (b"* 1 FETCH (UID 7 ENVELOPE {5}\r\nhello)\r\n", None),
        (b"* 1 FETCH (UID 7 BODY[] {1}\r\na BODY[] {1}\r\nb)\r\n", None),
        (b"* 1 FETCH (UID 7 BODY[] NIL)\r\n", None),
        (b"* 1 FETCH (UID 7)\r\n", None),
        (b"", None),
    ],
)
def test_content_is_that_of_the_message_asked_for(response, content):
    other = b"* 2 FETCH (UID 9 BODY[]<0> {5}\r\nother)\r\n"
    assert say.content(answers(other, response), 7) == content


def test_what_a_search_finds_is_uids_alone():
    assert say.found(answers(b"* SEARCH\r\n", b"* search 3 1 3 0 \r\n", b"* SEARCH x\r\n")) == (
        1,
        3,
    )
    assert not say.grown(answers(b"* SEARCH\r\n"))


def test_the_last_list_of_capabilities_counts():
    listed = answers(b"* CAPABILITY IDLE\r\n", b"* capability imap4rev1 uidplus\r\n")
    assert say.capabilities(listed) == {"IMAP4REV1", "UIDPLUS"}
    assert say.capabilities(answers(b"")) == frozenset()


def test_lines_name_one_message_and_nothing_can_be_put_into_them():
    assert say.search_lines(NONCE)[0] == b"UID SEARCH HEADER Mailtls-Nonce " + NONCE.encode()
    for bad in ("", "short", "x" * 65, f"{NONCE} ALL", f"{NONCE}\r\nx EXPUNGE", f"{NONCE}é"):
        with pytest.raises(ValueError, match="not a nonce"):
            say.search_lines(bad)
    assert say.fetch_line(7) == b"UID FETCH 7 (UID BODY.PEEK[]<0.65536>)"
    assert say.delete_line(7) == b"UID STORE 7 +FLAGS.SILENT (\\Deleted)"
    assert say.expunge_line(7) == b"UID EXPUNGE 7"


@given(st.binary(max_size=300), st.integers(1, 9))
def test_any_bytes_give_answers_or_a_reason(data, size):
    engine = say.batch(commands(b"NOOP"))
    outcome = heard(engine, data, size=size)
    if outcome is None:
        engine.receive_eof()
        outcome = engine.outcome
    assert isinstance(outcome, Missing | say.Answers)
    if isinstance(outcome, say.Answers):
        say.found(outcome)
        say.content(outcome, 1)
        say.capabilities(outcome)
