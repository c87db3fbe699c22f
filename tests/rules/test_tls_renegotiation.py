"""The feature by the control's answer, and where there is none to read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factories import CLOSED, endpoint, missing, only, session, tls
from mailtls.probe.questions import SessionQuestion
from mailtls.rules.tls_renegotiation import RULE
from mailtls.terms import Cause, Level, Outcome, Phase, TlsVersion
from mailtls.tls.hello import ExtensionType
from tls_views import BCP195, FACTS, INTERMEDIATE, alert, answered, looking, wanting

SILENT = missing(Phase.HANDSHAKE, Cause.TIMED_OUT)
GOOD = answered()
BAD = answered(extensions=(ExtensionType.EXTENDED_MASTER_SECRET,))


def run(facts=GOOD, of=None, profile=BCP195, full=None):
    return only(RULE.check(looking(RULE, of, full, profile, hellos={FACTS: facts})))


def test_the_control_shows_it():
    finding = run()

    assert (finding.outcome, finding.key) == (Outcome.PASS, "tls.renegotiation")
    assert finding.observed == "renegotiation_info in TLSv1.2"


def test_its_absence_weighs_what_the_guideline_says():
    finding = run(BAD)

    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.ERROR)
    assert finding.message == "the server does not signal secure renegotiation"
    assert finding.question.offer.label == FACTS
    assert "RFC 5746" in finding.remedy
    assert finding.remedy.startswith("update the server's TLS library")


def test_a_profile_never_weighs_more_than_the_endpoint():
    assert run(BAD, endpoint(level=Level.NOTE)).level is Level.NOTE


def test_what_the_policy_demands_weighs_what_the_endpoint_does():
    of = wanting(secure_renegotiation=True)

    assert run(BAD, of, INTERMEDIATE).level is Level.ERROR
    assert run(BAD, replace(of, level=Level.WARNING)).level is Level.WARNING


def test_a_server_of_tls_1_3_alone_is_not_judged():
    finding = run(alert("protocol_version"))

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.message.startswith("the server speaks TLS 1.3 alone, ")


@pytest.mark.parametrize(
    ("facts", "full"),
    [
        (SILENT, None),
        (alert("decode_error"), None),
        (CLOSED, session(SILENT)),
        (CLOSED, session(tls(version=TlsVersion.TLS1_2))),
    ],
)
def test_no_answer_to_the_control_is_inconclusive(facts, full):
    finding = run(facts, full=full)

    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.question.offer.label == FACTS


def test_where_nobody_asks_nothing_is_asked():
    assert list(RULE.check(looking(RULE, profile=INTERMEDIATE, hellos={FACTS: BAD}))) == []
    (question,) = RULE.needs(endpoint(), INTERMEDIATE)
    assert isinstance(question, SessionQuestion)
