"""All deliveries of a run: sent one after another, waited for together, nothing secret kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from delivery.postbox import CREDENTIAL, DELIVERY, SEND, postbox, tools
from mailtls.delivery.mailbox.base import Place, Trouble
from mailtls.delivery.run import NOTHING_RECEIVED, run_deliveries
from mailtls.delivery.secrecy import Redactor, Secret
from mailtls.evidence import Line, Missing
from mailtls.flow import NotArrived, Refused, Submitted, Withheld, WithheldKind
from mailtls.policy.delivery import Receive, Via
from mailtls.terms import Cause, Phase

RECEIVE = Receive(via=Via.IMAP, endpoint="mailbox", url="", inbox="", credential="", within=0.01)
ROUND_TRIP = replace(DELIVERY, name="round trip", receive=RECEIVE)


class Mailbox:
    """Where nothing ever arrives; it keeps what it was asked for, and whether it was finished with."""

    head_start = 0.0
    place = Place(address="", version="", cipher="")
    lines = (Line(side="S", text="nothing"),)

    def __init__(self, *, together: int = 1, trouble: Trouble | None = None) -> None:
        self.asked: list[tuple[Receive, str]] = []
        self.looks = 0
        self.ends: list[str] = []
        self._all = asyncio.Event()
        self._together = together
        self._trouble = trouble

    async def open(self, receive, nonce, _tools):
        self.asked.append((receive, nonce))
        return self if self._trouble is None else (self._trouble, self.lines)

    async def look(self):
        self.looks += 1
        if self.looks == self._together:
            self._all.set()
        await self._all.wait()

    async def rest(self, _seconds, _left):
        return False

    async def finish(self, letter):
        assert letter is None
        self.ends.append("finished")
        return False

    def close(self):
        self.ends.append("closed")


def ran(box, deliveries, mailbox=None, *, redact=None, **changes):
    async def run():
        return await run_deliveries(
            deliveries,
            tools(box.port, **changes),
            open_mailbox=(mailbox or Mailbox()).open,
            origin="a test",
            redact=redact or Redactor([]),
        )

    return asyncio.run(run())


def test_a_delivery_that_receives_nothing_ends_when_it_is_accepted():
    with postbox() as box:
        seen = ran(box, [DELIVERY])["first"]
    assert isinstance(seen.submission, Submitted)
    assert seen.arrival == NOTHING_RECEIVED
    assert seen.sent_transcript
    assert b"\r\nsender: a test\r\ntest:   first\r\n" in box.messages[0]


def test_the_mailbox_is_asked_for_the_nonce_that_was_sent():
    mailbox = Mailbox()
    with postbox() as box:
        seen = ran(box, [ROUND_TRIP], mailbox)["round trip"]
    ((receive, nonce),) = mailbox.asked
    assert receive is RECEIVE
    assert f"\r\nMailtls-Nonce: {nonce}\r\n".encode() in box.messages[0]
    assert isinstance(seen.arrival, NotArrived)
    assert seen.arrival.polls == mailbox.looks
    assert mailbox.ends == ["finished", "closed"]
    assert seen.received_transcript == (Line(side="S", text="nothing"),)


def test_deliveries_are_waited_for_at_the_same_time():
    deliveries = [replace(ROUND_TRIP, name=name) for name in "abc"]
    with postbox() as box:
        seen = ran(box, deliveries, Mailbox(together=3))
    assert list(seen) == ["a", "b", "c"]
    assert box.connections == 3


@pytest.mark.parametrize("stage", ["RCPT", "."])
def test_what_was_not_accepted_is_not_looked_for(stage):
    mailbox = Mailbox()
    with postbox(answers={stage: "550 5.1.1 no"}) as box:
        seen = ran(box, [ROUND_TRIP], mailbox)["round trip"]
    assert isinstance(seen.submission, Refused)
    assert isinstance(seen.arrival, Missing)
    assert seen.arrival.cause is Cause.PREREQUISITE
    assert mailbox.looks == 0
    assert mailbox.ends == ["finished", "closed"]


@pytest.mark.parametrize(
    "trouble",
    [
        Missing(phase=Phase.CONNECT, cause=Cause.REFUSED, detail="nobody there"),
        Withheld(kind=WithheldKind.NOT_SECURE, detail="the certificate expired"),
    ],
)
def test_nothing_is_sent_to_a_mailbox_that_cannot_be_read(trouble):
    with postbox() as box:
        seen = ran(box, [ROUND_TRIP], Mailbox(trouble=trouble))["round trip"]
    assert seen.arrival == trouble
    assert isinstance(seen.submission, type(trouble))
    assert (box.connections, seen.sent_transcript) == (0, ())
    assert seen.received_transcript == Mailbox.lines


def test_what_was_withheld_is_withheld_to_the_end():
    said = Withheld(kind=WithheldKind.NO_CREDENTIAL, detail="empty")

    async def find(*_service):
        return said

    with postbox() as box:
        delivery = replace(ROUND_TRIP, send=replace(SEND, credential="SMTP"))
        seen = ran(box, [delivery], credential=find)["round trip"]
    assert (seen.submission, seen.arrival) == (said, said)


def test_a_secret_that_a_server_plays_back_is_not_kept():
    with postbox(answers={"AUTH": "535 no such password canary-value Y2FuYXJ5LXZhbHVl"}) as box:
        delivery = replace(DELIVERY, send=replace(SEND, credential="SMTP"))
        seen = ran(box, [delivery], redact=Redactor(CREDENTIAL.secrets))["first"]
    assert "canary" not in repr(seen)
    assert "Y2FuYXJ5" not in repr(seen)
    assert isinstance(seen.submission, Refused)
    assert seen.submission.reply.lines[0].startswith("no such password ***")


def test_what_is_learned_late_is_redacted_too():
    redact = Redactor([])

    async def find(*_service):
        redact.learn(Secret("late-token"))
        return CREDENTIAL

    with postbox(answers={"AUTH": "535 late-token is no good"}) as box:
        delivery = replace(DELIVERY, send=replace(SEND, credential="SMTP"))
        seen = ran(box, [delivery], redact=redact, credential=find)["first"]
    assert "late-token" not in repr(seen)
