"""One hello for each name; the first that is chosen is enough."""

from __future__ import annotations

import pytest

from factories import ALERT, CLOSED, endpoint, missing, only
from mailtls.rules.tls_alpn import RULE
from mailtls.terms import Cause, Level, Outcome, Phase
from tls_views import BCP195, alert, answered, looking, wanting

SILENT = missing(Phase.HANDSHAKE, Cause.TIMED_OUT)
SMTP = "the application protocol smtp"
ESMTP = "the application protocol esmtp"
BOTH = wanting(alpn=("smtp", "esmtp"))
NONE = "the server chooses none of the application protocols"


def run(hellos, of=BOTH):
    return only(RULE.check(looking(RULE, of, hellos=hellos)))


def test_each_name_is_offered_alone_in_tls_1_2():
    offers = [q.offer for q in RULE.needs(BOTH, BCP195) if hasattr(q, "offer")]

    assert [(offer.alpn, offer.label) for offer in offers] == [
        (("smtp",), SMTP),
        (("esmtp",), ESMTP),
    ]
    assert {offer.versions for offer in offers} == {(0x0303,)}


@pytest.mark.parametrize(
    "other", [ALERT, CLOSED, SILENT, answered(), alert("no_application_protocol")]
)
def test_one_choice_is_enough(other):
    finding = run({SMTP: other, ESMTP: answered(alpn="esmtp")})

    assert (finding.outcome, finding.message) == (Outcome.PASS, "esmtp is chosen")


def test_answers_without_a_choice_fail():
    finding = run({SMTP: answered(), ESMTP: alert("no_application_protocol")})

    assert (finding.outcome, finding.message, finding.key) == (Outcome.FAIL, NONE, "tls.alpn")
    assert finding.observed == "smtp: no choice; esmtp: the alert no_application_protocol"
    assert finding.level in (None, Level.ERROR)
    assert finding.question.offer.label == ESMTP


@pytest.mark.parametrize(
    ("gap", "cause"),
    [
        (SILENT, Cause.TIMED_OUT),
        (CLOSED, Cause.CLOSED),
        (alert("protocol_version"), Cause.PREREQUISITE),
    ],
)
def test_a_name_that_got_no_answer_leaves_the_rule_open(gap, cause):
    finding = run({SMTP: answered(), ESMTP: gap})

    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.missing.cause is cause
    assert finding.question.offer.label == ESMTP


def test_nothing_is_asked_where_no_name_is_given():
    assert list(RULE.check(looking(RULE))) == []
    assert len(list(RULE.needs(endpoint(), BCP195))) == 1
