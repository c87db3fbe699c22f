from __future__ import annotations

import pytest

from deliveries import MAILBOX, SUBMISSION, arrived, delivery, evidence, run, submitted
from factories import missing
from mailtls.evidence import Reply, Skipped
from mailtls.flow import (
    NotArrived,
    RefusalKind,
    Refused,
    Stage,
    Withheld,
    WithheldKind,
)
from mailtls.rules import delivery_authentication, delivery_delay, delivery_hops
from mailtls.rules.base import passed
from mailtls.rules.delivered import across_delivered
from mailtls.terms import Cause, Outcome

RULES = (delivery_hops.RULE, delivery_authentication.RULE, delivery_delay.RULE)
ALL = delivery(hops_tls=True, within=60.0, authentication=(("spf", "pass"),))
REFUSED = Refused(
    stage=Stage.RCPT, reply=Reply(code="550", lines=("no",)), kind=RefusalKind.PERMANENT
)


def withheld(kind):
    return Withheld(kind=kind, detail="why")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (None, Outcome.NOT_APPLICABLE),
        (evidence(withheld(WithheldKind.NO_CREDENTIAL)), Outcome.NOT_APPLICABLE),
        (evidence(withheld(WithheldKind.NOT_SECURE)), Outcome.INCONCLUSIVE),
        (evidence(REFUSED), Outcome.INCONCLUSIVE),
        (evidence(missing()), Outcome.INCONCLUSIVE),
        (evidence(None, Skipped(reason="nothing is received")), Outcome.NOT_APPLICABLE),
        (evidence(None, NotArrived(seconds=60.0, polls=9)), Outcome.INCONCLUSIVE),
        (evidence(None, withheld(WithheldKind.NO_CREDENTIAL)), Outcome.NOT_APPLICABLE),
        (evidence(None, missing()), Outcome.INCONCLUSIVE),
    ],
)
def test_without_a_message_nothing_is_judged(rule, seen, outcome):
    (placed,) = rule.across(run(ALL, seen))
    assert placed.endpoint is MAILBOX
    assert placed.finding.outcome is outcome
    if outcome is Outcome.INCONCLUSIVE:
        assert placed.finding.missing.cause is Cause.PREREQUISITE


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_the_policy_does_not_ask_is_not_judged(rule):
    (placed,) = rule.across(run(delivery(), evidence()))
    assert placed.finding.outcome is Outcome.NOT_APPLICABLE
    assert placed.finding.message == "round trip: the policy does not ask for it"
    assert placed.route == ("deliveries", 0)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_asks_nothing_of_the_probe(rule):
    assert list(rule.needs(SUBMISSION, None)) == []


def test_findings_are_told_where_the_message_is_read_with_its_records_as_proof():
    seen = evidence(submitted(), arrived("by one.example\x07", "by two.example"))
    (placed,) = across_delivered(
        run(ALL, seen), lambda _: True, lambda _: [passed("so", key="expect.hops")]
    )
    assert placed.endpoint is MAILBOX
    assert placed.finding.message == "round trip: so"
    assert placed.route == ("deliveries", 0, "expect", "hops")
    assert [line.text for line in placed.transcript] == [
        "Received: by one.example\\x07",
        "Received: by two.example",
    ]
