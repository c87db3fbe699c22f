"""The tests that the rules about one feature of TLS 1.2 and below share: the control's answer decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from factories import CLOSED, endpoint, missing, only, session, tls
from mailtls.probe.questions import SessionQuestion
from mailtls.rules.base import Rule
from mailtls.terms import Cause, Level, Outcome, Phase, TlsVersion
from tls_views import BCP195, FACTS, INTERMEDIATE, alert, answered, looking, wanting

SILENT = missing(Phase.HANDSHAKE, Cause.TIMED_OUT)


class Feature:
    """One row of the table: the rule, its policy key, and what is seen with the feature and without.

    `bad` are the fields of an answer that is wrong, `demanded` the field of the policy that asks, and
    `level` what the default profile makes of it; `fix` stands in the remedy.
    """

    rule: ClassVar[Rule]
    key: ClassVar[str]
    seen: ClassVar[str]
    message: ClassVar[str]
    section: ClassVar[str]
    bad: ClassVar[dict[str, Any]]
    demanded: ClassVar[str]
    fix: ClassVar[str] = "update the server's TLS library"
    level: ClassVar[Level] = Level.ERROR

    def run(self, facts=None, of=None, profile=BCP195, full=None):
        hellos = {FACTS: facts or answered()}
        return only(self.rule.check(looking(self.rule, of, full, profile, hellos=hellos)))

    @property
    def wrong(self):
        return answered(**self.bad)

    def test_the_control_shows_it(self):
        finding = self.run()

        assert (finding.outcome, finding.key) == (Outcome.PASS, self.key)
        assert finding.observed == f"{self.seen} in TLSv1.2"

    def test_its_absence_weighs_what_the_guideline_says(self):
        finding = self.run(self.wrong)

        assert (finding.outcome, finding.level) == (Outcome.FAIL, self.level)
        assert finding.message == self.message
        assert finding.question.offer.label == FACTS
        assert self.section in finding.remedy
        assert self.fix in finding.remedy

    def test_a_profile_never_weighs_more_than_the_endpoint(self):
        assert self.run(self.wrong, endpoint(level=Level.NOTE)).level is Level.NOTE

    def test_what_the_policy_demands_weighs_what_the_endpoint_does(self):
        of = wanting(**{self.demanded: True})

        assert self.run(self.wrong, of, INTERMEDIATE).level is Level.ERROR
        assert self.run(self.wrong, replace(of, level=Level.WARNING)).level is Level.WARNING

    def test_a_server_of_tls_1_3_alone_is_not_judged(self):
        finding = self.run(alert("protocol_version"))

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
    def test_no_answer_to_the_control_is_inconclusive(self, facts, full):
        finding = self.run(facts, full=full)

        assert finding.outcome is Outcome.INCONCLUSIVE
        assert finding.question.offer.label == FACTS

    def test_where_nobody_asks_nothing_is_asked(self):
        asked = looking(self.rule, profile=INTERMEDIATE, hellos={FACTS: self.wrong})
        assert list(self.rule.check(asked)) == []
        (question,) = self.rule.needs(endpoint(), INTERMEDIATE)
        assert isinstance(question, SessionQuestion)
