from __future__ import annotations

from dataclasses import replace

import pytest

from deliveries import MAILBOX, QUEUE_ID, SUBMISSION, arrived, delivery, evidence, run
from factories import missing
from mailtls.evidence import Line, Missing, Reply, Skipped
from mailtls.flow import NotArrived, RefusalKind, Refused, Stage, Withheld, WithheldKind
from mailtls.policy.delivery import Via
from mailtls.rules.delivery_arrived import RULE
from mailtls.terms import Cause, Outcome, Phase

SAID = (Line(side="C", text="w1 IDLE"),)
RECEIVE = delivery().receive


def judged(arrival, *, submission=None, received=RECEIVE, sent=True):
    asked = replace(delivery(), receive=received)
    seen = replace(evidence(submission, arrival), received_transcript=SAID)
    (placed,) = RULE.across(run(asked, seen if sent else None))
    return placed


@pytest.mark.parametrize(
    ("arrival", "received", "observed"),
    [
        (arrived(), RECEIVE, "found 3.5 s after it was accepted, with 2 looks; it was deleted"),
        (arrived(polls=1, deleted=False), RECEIVE, "1 look; it could not be deleted"),
        (arrived(deleted=False), replace(RECEIVE, keep=True), "it was left where it is"),
    ],
)
def test_a_message_that_arrived_passes(arrival, received, observed):
    placed = judged(arrival, received=received)
    assert placed.finding.outcome is Outcome.PASS
    assert observed in placed.finding.observed
    assert "over TLSv1.3" in placed.finding.message
    assert placed.endpoint is MAILBOX
    assert placed.route == ("deliveries", 0, "receive")


def test_an_interface_in_clear_is_told_at_the_sending_endpoint():
    placed = judged(
        arrived(version="", cipher=""),
        received=replace(RECEIVE, via=Via.MAILDEV, endpoint="", url="http://localhost:1080"),
    )
    assert placed.finding.message.endswith("read in clear")
    assert placed.endpoint is SUBMISSION


def test_a_message_that_did_not_arrive_fails_at_its_time():
    placed = judged(NotArrived(seconds=60.2, polls=9))
    finding = placed.finding
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "round trip: the message did not arrive within 60 s"
    assert "9 looks" in finding.observed
    assert f"look for {QUEUE_ID} in the log of {SUBMISSION.host}" in finding.remedy
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
        {"arrival": Skipped(reason="nothing is received"), "received": None},
        {"arrival": missing(), "sent": False},
    ],
)
def test_what_is_not_received_is_not_judged(options):
    finding = judged(**options).finding
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.message.startswith("round trip: ")
