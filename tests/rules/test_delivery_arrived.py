from __future__ import annotations

from datetime import UTC, datetime

import pytest

from factories import BCP195, at, endpoint, missing
from mailtls.evidence import Line, Missing, Reply, Skipped
from mailtls.flow import (
    Arrived,
    DeliveryEvidence,
    NotArrived,
    RefusalKind,
    Refused,
    Stage,
    Submitted,
    Withheld,
    WithheldKind,
)
from mailtls.policy.delivery import Delivery, FlowExpectation, Receive, Send, Via
from mailtls.policy.model import Policy
from mailtls.rules.across import RunView
from mailtls.rules.delivery_arrived import RULE
from mailtls.terms import Cause, Mode, Outcome, Phase, Protocol

SENDER = endpoint()
READER = endpoint(name="mailbox", port=993, protocol=Protocol.IMAP, mode=Mode.IMPLICIT, role=None)
SUBMITTED = Submitted(
    address="192.0.2.1",
    reply=Reply(code="250", lines=("2.0.0 Ok: queued as 4aBcD",)),
    queue_id="4aBcD",
    mechanism="PLAIN",
    version="TLSv1.3",
    cipher="TLS_AES_256_GCM_SHA384",
    at=datetime(2026, 6, 1, 12, 0, tzinfo=UTC),
    seconds=0.4,
)
SAID = (Line(side="C", text="w1 IDLE"),)


def receive(**changes):
    given = {
        "via": Via.IMAP,
        "endpoint": "mailbox",
        "url": "",
        "inbox": "",
        "credential": "INBOX",
        "within": 60.0,
    }
    return Receive(**(given | changes))


def arrived(**changes):
    given = {
        "header": b"",
        "at": datetime(2026, 6, 1, 12, 0, 2, tzinfo=UTC),
        "seconds": 2.04,
        "polls": 1,
        "address": "192.0.2.2",
        "version": "TLSv1.3",
        "cipher": "TLS_AES_256_GCM_SHA384",
        "signatures": (),
        "deleted": True,
    }
    return Arrived(**(given | changes))


def judged(arrival, *, submission=SUBMITTED, received=None, sent=True):
    delivery = Delivery(
        name="round trip",
        send=Send(endpoint=SENDER.name, sender="a@x.test", recipient="b@y.test", credential="SMTP"),
        receive=receive() if received is None else received or None,
        expect=FlowExpectation(),
        route=("deliveries", 0),
    )
    evidence = DeliveryEvidence(
        submission=submission, arrival=arrival, sent_transcript=(), received_transcript=SAID
    )
    run = RunView(
        policy=Policy(profile=BCP195, endpoints=(SENDER, READER), deliveries=(delivery,)),
        targets=(at("192.0.2.1", SENDER), at("192.0.2.2", READER)),
        deliveries={"round trip": evidence} if sent else {},
    )
    (placed,) = RULE.across(run)
    return placed


@pytest.mark.parametrize(
    ("arrival", "received", "observed"),
    [
        (arrived(), None, "found 2.0 s after it was accepted, with 1 look; it was deleted"),
        (arrived(polls=3, deleted=False), None, "3 looks; it could not be deleted"),
        (arrived(deleted=False), receive(keep=True), "it was left where it is"),
    ],
)
def test_a_message_that_arrived_passes(arrival, received, observed):
    placed = judged(arrival, received=received)
    assert placed.finding.outcome is Outcome.PASS
    assert observed in placed.finding.observed
    assert "over TLSv1.3" in placed.finding.message
    assert placed.endpoint is READER
    assert placed.route == ("deliveries", 0, "receive")


def test_an_interface_in_clear_is_told_at_the_sending_endpoint():
    placed = judged(
        arrived(version="", cipher=""),
        received=receive(via=Via.MAILDEV, endpoint="", url="http://localhost:1080"),
    )
    assert placed.finding.message.endswith("read in clear")
    assert placed.endpoint is SENDER


def test_a_message_that_did_not_arrive_fails_at_its_time():
    placed = judged(NotArrived(seconds=60.2, polls=9))
    finding = placed.finding
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "round trip: the message did not arrive within 60 s"
    assert "9 looks" in finding.observed
    assert "4aBcD" in finding.remedy
    assert placed.route == ("deliveries", 0, "receive", "within")
    assert placed.transcript == SAID


def test_a_refused_login_leaves_it_open():
    reply = Reply(code="NO", lines=("[AUTHENTICATIONFAILED] Authentication failed.",))
    refused = Refused(stage=Stage.AUTH, reply=reply, kind=RefusalKind.AUTHENTICATION)
    placed = judged(refused, submission=missing())
    finding = placed.finding
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "AUTHENTICATIONFAILED" in finding.observed
    assert "credential" in finding.remedy
    assert isinstance(finding.missing, Missing)
    assert (finding.missing.phase, finding.missing.cause) == (Phase.AFTER_TLS, Cause.REFUSED)
    assert placed.route == ("deliveries", 0, "receive", "credential")


@pytest.mark.parametrize(
    "arrival",
    [
        missing(),
        Withheld(kind=WithheldKind.NOT_SECURE, detail="the certificate expired"),
        Withheld(kind=WithheldKind.NOT_OFFERED, detail="the server lists no unique ids"),
    ],
)
def test_what_could_not_be_looked_for_is_inconclusive(arrival):
    finding = judged(arrival).finding
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert arrival.detail in finding.message


@pytest.mark.parametrize(
    "options",
    [
        {"arrival": Withheld(kind=WithheldKind.NO_CREDENTIAL, detail="no value")},
        {"arrival": Skipped(reason="nothing is received")},
        {"arrival": Skipped(reason="nothing is received"), "received": False},
        {"arrival": missing(), "sent": False},
    ],
)
def test_what_is_not_received_is_not_judged(options):
    finding = judged(**options).finding
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.message.startswith("round trip: ")
