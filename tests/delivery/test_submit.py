"""One submission from credential to queue id, and everything that stops it on the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from delivery.postbox import CREDENTIAL, OFFERED, SEND, postbox, tools
from mailtls.delivery.submit import submit
from mailtls.evidence import Missing
from mailtls.flow import RefusalKind, Refused, Stage, Submitted, Withheld, WithheldKind
from mailtls.terms import Cause, Phase

MESSAGE = b"Subject: test\r\n\r\n.dot\r\n"
LOGIN = replace(SEND, credential="SMTP")


def submitted(box, send=SEND, **changes):
    return asyncio.run(submit(send, MESSAGE, tools(box.port, **changes)))


def test_a_message_is_taken():
    with postbox(offered=(*OFFERED, "SIZE 1000000")) as box:
        seen, transcript = submitted(box, LOGIN)
    assert isinstance(seen, Submitted)
    assert (seen.address, seen.queue_id, seen.mechanism) == ("127.0.0.1", "4F1A2B3C", "PLAIN")
    assert seen.version == "TLSv1.3"
    assert seen.at == tools(1).clock()
    assert [line for line in box.heard if not line.startswith("AUTH")] == [
        "EHLO probe.example.test",
        f"MAIL FROM:<probe@example.test> SIZE={len(MESSAGE)}",
        "RCPT TO:<user@example.test>",
        "DATA",
        "QUIT",
    ]
    assert box.messages == [b"Subject: test\r\n\r\n..dot\r\n"]
    assert transcript[-1].text == "221 bye"


def test_without_a_credential_there_is_no_login():
    with postbox() as box:
        seen, _ = submitted(box)
    assert isinstance(seen, Submitted)
    assert seen.mechanism == ""
    assert not [line for line in box.heard if line.startswith("AUTH")]


def test_the_credential_is_asked_for_by_the_endpoints_own_host_and_port():
    asked = []

    async def find(*service):
        asked.append(service)
        return CREDENTIAL

    with postbox() as box:
        submitted(box, LOGIN, credential=find)
    assert asked == [("SMTP", "mail.example.test", 465)]


@pytest.mark.parametrize(
    "found",
    [
        Withheld(kind=WithheldKind.NO_CREDENTIAL, detail="empty"),
        Missing(phase=Phase.AFTER_TLS, cause=Cause.THROTTLED, detail="busy"),
    ],
)
def test_without_its_credential_nothing_is_connected_to(found):
    async def find(*_service):
        return found

    with postbox() as box:
        seen, transcript = submitted(box, LOGIN, credential=find)
    assert (seen, transcript, box.connections) == (found, (), 0)


@pytest.mark.parametrize(
    ("changes", "extensions", "said"),
    [
        ({"require_tls": True}, ("REQUIRETLS",), "MAIL FROM:<probe@example.test> REQUIRETLS"),
        (
            {"recipient": "δοκιμή@example.test"},
            ("SMTPUTF8", "8BITMIME"),
            "MAIL FROM:<probe@example.test> BODY=8BITMIME SMTPUTF8",
        ),
    ],
)
def test_an_extension_is_used_where_it_is_needed_and_offered(changes, extensions, said):
    send = replace(SEND, **changes)
    with postbox(offered=("PIPELINING", *extensions)) as box:
        seen, _ = submitted(box, send)
    assert isinstance(seen, Submitted)
    assert said in box.heard
    with postbox(offered=("PIPELINING", "AUTH PLAIN")) as bare:
        lacking, _ = submitted(bare, replace(send, credential="SMTP"))
    assert isinstance(lacking, Withheld)
    assert lacking.kind is WithheldKind.NOT_OFFERED
    assert bare.heard == ["EHLO probe.example.test", "QUIT"]


def test_a_refused_login_sends_no_envelope():
    with postbox(answers={"AUTH": "535 5.7.8 no"}) as box:
        seen, _ = submitted(box, LOGIN)
    assert isinstance(seen, Refused)
    assert seen.stage is Stage.AUTH
    assert not [line for line in box.heard if line.startswith("MAIL")]


@pytest.mark.parametrize("offered", [OFFERED, ("AUTH PLAIN",)])
def test_a_refused_recipient_sends_no_message(offered):
    answers = {"RCPT": "450 4.2.0 Greylisted", "DATA": "554 5.5.1 no valid recipients"}
    with postbox(answers=answers, offered=offered) as box:
        seen, _ = submitted(box)
    assert isinstance(seen, Refused)
    assert (seen.stage, seen.kind) == (Stage.RCPT, RefusalKind.GREYLISTED)
    assert box.messages == []


def test_a_session_that_does_not_pass_sends_nothing():
    with postbox() as box:
        seen, _ = submitted(box, LOGIN, acceptable=lambda *_: "the certificate expired")
    assert isinstance(seen, Withheld)
    assert seen.kind is WithheldKind.NOT_SECURE
    assert box.heard == ["EHLO probe.example.test", "QUIT"]
