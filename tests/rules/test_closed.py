from __future__ import annotations

import pytest

from factories import REFUSED, endpoint, missing, only, seen, view
from mailtls.evidence import PortEvidence
from mailtls.probe.questions import PortQuestion
from mailtls.rules.closed import RULE
from mailtls.terms import Cause, Expect, Outcome, Phase


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (PortEvidence(), Outcome.FAIL),
        (REFUSED, Outcome.PASS),
        (missing(Phase.CONNECT, Cause.TIMED_OUT), Outcome.INCONCLUSIVE),
        (missing(Phase.RESOLVE, Cause.REFUSED), Outcome.INCONCLUSIVE),
    ],
)
def test_only_a_refusal_is_closed(answer, outcome):
    retired = endpoint(expect=Expect.CLOSED)
    finding = only(RULE.check(view(retired, answers={PortQuestion(): seen(answer)})))
    assert finding.outcome is outcome
    assert finding.key == "expect"


def test_it_asks_for_a_bare_connection_and_is_about_closed_endpoints_alone():
    assert tuple(RULE.needs(endpoint(), view(endpoint()).profile)) == (PortQuestion(),)
    assert RULE.expect is Expect.CLOSED
