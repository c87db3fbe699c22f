from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from factories import endpoint, leaf, missing, only, path, session, tls, view, with_certificate
from mailtls.policy.model import CA_BROWSER_FORUM
from mailtls.rules.certificate_lifetime import RULE, forum_limit
from mailtls.terms import Outcome

SECOND = timedelta(seconds=1)
FORUM = with_certificate(max_lifetime=CA_BROWSER_FORUM)


def judged(of, days, start=datetime(2026, 4, 1, tzinfo=UTC), extra=timedelta(0), **changes):
    served = leaf(not_before=start, not_after=start + timedelta(days=days) - SECOND + extra)
    return only(RULE.check(view(of, session(tls(served, **changes)))))


@pytest.mark.parametrize(
    ("day", "limit"),
    [
        ((2026, 3, 14), 398),
        ((2026, 3, 15), 200),
        ((2027, 3, 14), 200),
        ((2027, 3, 15), 100),
        ((2029, 3, 14), 100),
        ((2029, 3, 15), 47),
    ],
)
def test_the_forums_limit_goes_by_the_day_of_issue(day, limit):
    start = datetime(*day, tzinfo=UTC)
    assert forum_limit(start) == limit
    assert judged(FORUM, limit, start).outcome is Outcome.PASS
    finding = judged(FORUM, limit, start, SECOND)
    assert finding.outcome is Outcome.FAIL
    assert finding.message == f"the certificate's lifetime is {limit + 1} days, over {limit}"


def test_the_policys_limit_is_held_to_the_second_whoever_issued():
    of = with_certificate(max_lifetime=90)
    private = path(leaf(), anchors="ca.pem")
    assert judged(of, 90, path=private).outcome is Outcome.PASS
    assert judged(of, 90, extra=SECOND, path=private).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "private",
    [path(leaf(), anchors="ca.pem"), path(leaf(), extra_anchor=True), path()],
)
def test_the_forum_binds_public_cas_alone(private):
    assert judged(FORUM, 3650, path=private).outcome is Outcome.NOT_APPLICABLE


def test_without_the_key_nothing_is_said_and_without_a_handshake_it_is_open():
    assert list(RULE.check(view(endpoint()))) == []
    for of in (FORUM, with_certificate(max_lifetime=90)):
        assert only(RULE.check(view(of, missing()))).outcome is Outcome.INCONCLUSIVE
