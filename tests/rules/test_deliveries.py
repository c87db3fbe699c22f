"""What the rules about deliveries share."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from factories import TARGET, at, endpoint, missing, policy
from mailtls.evidence import Line, Reply, Skipped
from mailtls.flow import DeliveryEvidence, Submitted, Withheld, WithheldKind
from mailtls.policy.delivery import Delivery, FlowExpectation, Receive, Send, Via
from mailtls.rules.across import RunView
from mailtls.rules.base import passed
from mailtls.rules.deliveries import flows, withheld
from mailtls.terms import Cause, Mode, Outcome, Protocol

SENDER = endpoint()
READER = endpoint(name="mailbox", port=993, mode=Mode.IMPLICIT, protocol=Protocol.IMAP, role=None)
DELIVERY = Delivery(
    name="round trip",
    send=Send(
        endpoint="submission", sender="a@example.org", recipient="b@example.org", credential=""
    ),
    receive=Receive(via=Via.IMAP, endpoint="mailbox", url="", inbox="", credential="", within=60.0),
    expect=FlowExpectation(),
    route=("deliveries", 2),
)
TAKEN = Submitted(
    address=TARGET.address,
    reply=Reply(code="250", lines=("ok",)),
    queue_id="",
    mechanism="",
    version="TLSv1.3",
    cipher="TLS_AES_128_GCM_SHA256",
    at=datetime(2026, 6, 1, 12, 0, tzinfo=UTC),
    seconds=0.1,
)
SEEN = DeliveryEvidence(
    submission=TAKEN, arrival=Skipped(reason="x"), sent_transcript=(), received_transcript=()
)


def run(delivery=DELIVERY, evidence=None):
    views = (at("192.0.2.9", SENDER), at(TARGET.address, SENDER), at("192.0.2.1", READER))
    return RunView(
        policy=replace(policy(SENDER, READER), deliveries=(delivery,)),
        targets=views,
        deliveries={} if evidence is None else {delivery.name: evidence},
    )


def test_a_flow_knows_its_endpoints_and_the_address_it_left_by():
    (flow,) = flows(run(evidence=SEEN))
    assert (flow.sender, flow.reader) == (SENDER, READER)
    assert flow.evidence is SEEN
    assert flow.view is not None
    assert flow.view.target is not None
    assert flow.view.target.address == TARGET.address


def test_where_nothing_is_read_by_mail_the_sender_stands_for_the_reader():
    (flow,) = flows(run(replace(DELIVERY, receive=None), SEEN))
    assert flow.reader is SENDER


def test_what_was_not_sent_says_so():
    (flow,) = flows(run())
    assert isinstance(flow.evidence.submission, Withheld)
    assert flow.evidence.submission.kind is WithheldKind.NOT_ASKED
    assert flow.view is None


def test_a_finding_is_placed_at_its_key_with_its_own_exchange():
    (flow,) = flows(run(evidence=SEEN))
    lines = (Line(side="C", text="QUIT"),)
    placed = flow.placed(passed("x"), at=SENDER, key=("send", "to"), transcript=lines)
    assert placed.route == ("deliveries", 2, "send", "to")
    assert placed.view is flow.view
    assert placed.transcript == lines
    assert flow.placed(passed("x"), at=READER).view is None


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (WithheldKind.NOT_ASKED, Outcome.NOT_APPLICABLE),
        (WithheldKind.NO_CREDENTIAL, Outcome.NOT_APPLICABLE),
        (WithheldKind.UNUSABLE, Outcome.INCONCLUSIVE),
        (WithheldKind.NOT_SECURE, Outcome.INCONCLUSIVE),
    ],
)
def test_what_was_withheld_is_no_failure(kind, outcome):
    finding = withheld(Withheld(kind=kind, detail="the reason"), "round trip", expected="x")
    assert finding.outcome is outcome
    assert "the reason" in finding.message
    if outcome is Outcome.INCONCLUSIVE:
        assert finding.missing is not None
        assert finding.missing.cause is Cause.PREREQUISITE


def test_a_submission_that_failed_is_of_no_address():
    (flow,) = flows(run(evidence=replace(SEEN, submission=missing())))
    assert flow.view is None
