"""Deliveries as a test wants them: from mail.example.org by mx.example.net to a mailbox there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from factories import BCP195, HOST, at, endpoint, implicit
from mailtls.evidence import Reply
from mailtls.flow import Arrived, DeliveryEvidence, Submitted
from mailtls.policy.delivery import Delivery, FlowExpectation, Receive, Send, Via
from mailtls.policy.model import Policy
from mailtls.rules.across import RunView
from mailtls.terms import Protocol

SENT = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
QUEUE_ID = "4XyZ1Q2Wz"
TAKEN_AT = "198.51.100.7"
SUBMISSION = endpoint()
MAILBOX = implicit(name="mailbox", host="imap.example.net", port=993, protocol=Protocol.IMAP)


def stamp(seconds: float) -> str:
    return (SENT + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S +0000")


def taken(**changes: str) -> str:
    """Return the record of the host that took the message, Postfix as it comes."""
    said = {"with": "ESMTPSA", "id": QUEUE_ID, "at": stamp(0)} | changes
    return (
        f"from probe.example.com (unknown [203.0.113.9]) by {HOST} (Postfix)"
        f" with {said['with']} id {said['id']} for <inbox@example.net>; {said['at']}"
    )


def carried(**changes: str) -> str:
    """Return the record of the receiving host, Postfix with TLS in its records."""
    said = {
        "helo": HOST,
        "client": HOST,
        "address": TAKEN_AT,
        "tls": "(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)) ",
        "by": "mx.example.net",
        "software": "(Postfix)",
        "with": "ESMTPS",
        "id": "4AbC",
        "at": stamp(1),
    } | changes
    return (
        f"from {said['helo']} ({said['client']} [{said['address']}]) {said['tls']}by {said['by']}"
        f" {said['software']} with {said['with']} id {said['id']}; {said['at']}"
    )


def stored(at: str = "") -> str:
    """Return the record of Dovecot's LMTP on a Unix socket."""
    return (
        "from mx.example.net by mx.example.net with LMTP id x (envelope-from <probe@example.com>);"
        f" {at or stamp(1)}"
    )


def header(*records: str, more: str = "") -> bytes:
    lines = "".join(f"Received: {each}\r\n" for each in records)
    return f"{lines}{more}Subject: a test\r\n\r\n".encode()


def submitted(**changes: Any) -> Submitted:
    plain = Submitted(
        address=TAKEN_AT,
        reply=Reply(code="250", lines=(f"2.0.0 Ok: queued as {QUEUE_ID}",)),
        queue_id=QUEUE_ID,
        mechanism="PLAIN",
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        at=SENT,
        seconds=0.4,
    )
    return replace(plain, **changes)


def arrived(*records: str, more: str = "", **changes: Any) -> Arrived:
    plain = Arrived(
        header=header(*(records or (stored(), carried(), taken())), more=more),
        at=SENT + timedelta(seconds=3.5),
        seconds=3.5,
        polls=2,
        address="192.0.2.143",
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        signatures=(),
        deleted=True,
    )
    return replace(plain, **changes)


HOSTS = (HOST, "*.example.net")


def delivery(**expect: Any) -> Delivery:
    return Delivery(
        name="round trip",
        send=Send(
            endpoint=SUBMISSION.name,
            sender="probe@example.com",
            recipient="inbox@example.net",
            credential="SMTP",
        ),
        receive=Receive(
            via=Via.IMAP,
            endpoint=MAILBOX.name,
            url="",
            inbox="",
            credential="INBOX",
            within=60.0,
        ),
        expect=FlowExpectation(**{"hosts": HOSTS} | expect),
        route=("deliveries", 0),
    )


def evidence(submission: Any = None, arrival: Any = None) -> DeliveryEvidence:
    return DeliveryEvidence(
        submission=submission or submitted(),
        arrival=arrival or arrived(),
        sent_transcript=(),
        received_transcript=(),
    )


def run(of: Delivery, seen: DeliveryEvidence | None) -> RunView:
    """Return a run with one delivery and what became of it; None: it was not sent."""
    policy = Policy(profile=BCP195, endpoints=(SUBMISSION, MAILBOX), deliveries=(of,))
    views = (at(TAKEN_AT, SUBMISSION), at("192.0.2.143", MAILBOX))
    return RunView(policy=policy, targets=views, deliveries={of.name: seen} if seen else {})
