"""MAIL, RCPT, DATA and the message, in turn and together; nothing in a message can end it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.delivery.transfer import Accepted, Envelope, stuffed, transfer
from mailtls.evidence import Missing
from mailtls.flow import Refused, Stage
from mailtls.terms import Cause

ENVELOPE = Envelope(
    sender="a@example.com", recipient="b@example.net", parameters=("SIZE=10", "REQUIRETLS")
)
MAIL = b"MAIL FROM:<a@example.com> SIZE=10 REQUIRETLS\r\n"
RCPT, DATA = b"RCPT TO:<b@example.net>\r\n", b"DATA\r\n"
MESSAGE = b"Subject: x\r\n\r\n.\r\nbody\r\n"
STUFFED = b"Subject: x\r\n\r\n..\r\nbody\r\n.\r\n"
GOOD = [b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 queued\r\n"]


def exchange(replies, *, pipelining=False):
    """Feed replies one by one; return the dialogue and what it sent before each."""
    dialogue = transfer(ENVELOPE, MESSAGE, pipelining=pipelining)
    sent = []
    for reply in replies:
        sent.append(dialogue.data_to_send())
        dialogue.receive_data(reply)
    return dialogue, [*sent, dialogue.data_to_send()]


def test_in_turn_each_step_waits_for_its_reply():
    dialogue, sent = exchange(GOOD)
    assert sent == [MAIL, RCPT, DATA, STUFFED, b""]
    assert isinstance(dialogue.outcome, Accepted)
    assert dialogue.outcome.reply.lines == ("queued",)


def test_together_the_message_alone_waits():
    dialogue, sent = exchange([b"".join(GOOD[:3]), GOOD[3]], pipelining=True)
    assert sent == [MAIL + RCPT + DATA, STUFFED, b""]
    assert isinstance(dialogue.outcome, Accepted)


def test_the_transcript_names_the_message_and_does_not_show_it():
    dialogue, _ = exchange(GOOD)
    said = [line.text for line in dialogue.transcript]
    assert f"(the message, {len(MESSAGE)} bytes)" in said
    assert not [line for line in said if "body" in line or "Subject" in line]


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize(
    ("place", "stage"),
    [(0, Stage.MAIL), (1, Stage.RCPT), (2, Stage.DATA), (3, Stage.MESSAGE)],
)
def test_a_refusal_is_of_its_step(place, stage, pipelining):
    replies = [*GOOD[:place], b"550 5.7.1 no\r\n", b"503 bad sequence\r\n", b"503 bad sequence\r\n"]
    dialogue, _ = exchange(replies, pipelining=pipelining)
    assert isinstance(dialogue.outcome, Refused)
    assert dialogue.outcome.stage is stage
    assert dialogue.outcome.reply.lines == ("5.7.1 no",)


def test_a_server_that_goes_on_without_a_recipient_is_sent_no_message():
    dialogue, sent = exchange(
        [b"250 ok\r\n550 5.1.1 who\r\n354 go\r\n", b"554 no recipients\r\n"], pipelining=True
    )
    assert sent == [MAIL + RCPT + DATA, b".\r\n", b""]
    assert isinstance(dialogue.outcome, Refused)
    assert dialogue.outcome.stage is Stage.RCPT


def test_another_code_than_354_is_no_go_ahead():
    dialogue, sent = exchange([*GOOD[:2], b"250 ok\r\n"])
    assert isinstance(dialogue.outcome, Refused)
    assert sent[-1] == b""


def test_an_end_in_the_middle_is_missing():
    dialogue = transfer(ENVELOPE, MESSAGE, pipelining=False)
    dialogue.receive_data(GOOD[0])
    dialogue.receive_eof()
    assert isinstance(dialogue.outcome, Missing)
    assert dialogue.outcome.cause is Cause.CLOSED


@given(st.binary(max_size=300))
def test_no_message_can_end_itself(message):
    data = stuffed(message)
    assert data.endswith(b".\r\n")
    assert data.count(b"\r\n.\r\n") == (0 if data == b".\r\n" else 1)
    content = data.removesuffix(b".\r\n")
    lines = content.split(b"\r\n")[:-1]
    assert all(b"\r" not in line and b"\n" not in line for line in lines)
    assert [line.removeprefix(b".") for line in lines] == [
        line.removeprefix(b".") if line.startswith(b".") else line for line in lines
    ]
    assert not [line for line in lines if line.startswith(b".") and not line.startswith(b"..")]


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_address_becomes_a_second_command(sender, recipient):
    for each in (
        Envelope(sender=sender, recipient="b@example.net"),
        Envelope(sender="a@example.com", recipient=recipient),
        Envelope(sender=f"{sender}@example.com", recipient=f"{recipient}@example.net"),
    ):
        with contextlib.suppress(ValueError):
            for _, line in each.commands:
                assert line.count(b"\r") == line.count(b"\n") == 1
                assert line.count(b"<") == line.count(b">") == (0 if line == b"DATA\r\n" else 1)
