"""Whether the test message arrived where the policy says, in the time it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from mailtls.evidence import Missing, Reply, Skipped
from mailtls.flow import Arrived, NotArrived, Refused, Submitted, Withheld
from mailtls.rules.across import Placed, RunView
from mailtls.rules.base import Finding, Rule, failed, inconclusive, not_applicable, passed
from mailtls.rules.deliveries import Flow, flows, needs_nothing, withheld
from mailtls.terms import Cause, Outcome, Phase

if TYPE_CHECKING:
    from mailtls.policy.delivery import Receive

_LOGIN = (
    "check the values of the mailbox's credential in the workflow's secrets; a token expires, and"
    " Gmail and Microsoft 365 take OAuth or an app password alone (IMAP: RFC 9051 section 6.2; POP3:"
    " RFC 5034; an HTTP interface: its key)"
)


def across(run: RunView) -> Iterable[Placed]:
    """Judge the arrival of each delivery."""
    for flow in flows(run):
        yield _judge(flow)


def _judge(flow: Flow) -> Placed:
    name, receive = flow.delivery.name, flow.delivery.receive
    if receive is None:
        finding = not_applicable(f"{name}: the delivery says nothing of receiving")
        return flow.placed(finding, at=flow.sender)
    expected = f"{name}: the message is found by {receive.via} within {receive.within:.0f} s"
    key: tuple[str, ...] = ("receive",)
    match flow.evidence.arrival:
        case Arrived() as seen:
            finding = _arrived(name, receive, seen, expected)
        case NotArrived() as seen:
            finding = _late(flow, receive, seen, expected)
            key = ("receive", "within")
        case Refused(reply=reply):
            finding = _refused(name, reply, expected)
            key = ("receive", "credential")
        case Withheld() as said:
            finding = withheld(said, name, expected=expected)
        case Missing() as missing:
            told = replace(missing, detail=f"{name}: {missing.detail}")
            finding = inconclusive(told, expected=expected)
        case Skipped(reason=reason):
            finding = not_applicable(f"{name}: {reason}")
    return flow.placed(
        finding, at=flow.reader, key=key, transcript=flow.evidence.received_transcript
    )


def _arrived(name: str, receive: Receive, seen: Arrived, expected: str) -> Finding:
    over = f"over {seen.version}" if seen.version else "in clear"
    if receive.keep:
        left = "it was left where it is, as the policy says"
    elif seen.deleted:
        left = "it was deleted"
    else:
        left = "it could not be deleted for good and is still there"
    looks = "1 look" if seen.polls == 1 else f"{seen.polls} looks"
    return passed(
        f"{name}: the message arrived, and was read {over}",
        expected=expected,
        observed=f"found {seen.seconds:.1f} s after it was accepted, with {looks}; {left}",
    )


def _late(flow: Flow, receive: Receive, seen: NotArrived, expected: str) -> Finding:
    submission = flow.evidence.submission
    queued = submission.queue_id if isinstance(submission, Submitted) else ""
    log = f"the log of {flow.sender.host}"
    trail = f"look for {queued} in {log}" if queued else f"look at {log}"
    return failed(
        f"{flow.delivery.name}: the message did not arrive within {receive.within:.0f} s",
        expected=expected,
        observed=f"no message with its nonce in {seen.seconds:.0f} s and {seen.polls} looks",
        remedy=f"{trail}: it says which host took the message next, or why none did; look into the"
        " folder for junk too, for the inbox alone is looked into; where greylisting or scanning"
        " takes its time, give `within` more (delay and retries: RFC 5321 section 4.5.4.1)",
    )


def _refused(name: str, reply: Reply, expected: str) -> Finding:
    """Return what a refused login leaves: whether the message arrived, nobody could look."""
    observed = " ".join((reply.code, *reply.lines))
    detail = f"the mailbox refuses the login: {observed}"
    return Finding(
        outcome=Outcome.INCONCLUSIVE,
        message=f"{name}: could not be determined: {detail}",
        expected=expected,
        observed=observed,
        remedy=_LOGIN,
        missing=Missing(phase=Phase.AFTER_TLS, cause=Cause.REFUSED, detail=detail),
    )


RULE = Rule(
    id="delivery-arrived",
    title="Test message not arrived",
    summary="The test message arrives in the mailbox that the policy names, in time.",
    needs=needs_nothing,
    across=across,
)
