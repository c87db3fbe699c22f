from __future__ import annotations

from datetime import timedelta

import pytest

from factories import NOW
from mailtls.revocations import SKEW, Status, doubt

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def status(**changes):
    healthy = {"status": "good", "this_update": NOW - DAY, "next_update": NOW + DAY, "signed": True}
    return Status(**healthy | changes)


@pytest.mark.parametrize(
    "settled",
    [
        status(),
        status(next_update=None),
        status(next_update=NOW),
        status(this_update=NOW + SKEW),
        status(status="revoked"),
        status(status="revoked", next_update=NOW - DAY),
    ],
)
def test_a_current_statement_of_the_issuer_settles_it(settled):
    assert doubt(settled, NOW) == ""


@pytest.mark.parametrize(
    ("open_one", "why"),
    [
        (status(signed=False), "not signed for the issuer"),
        (status(signed=None), "not signed for the issuer"),
        (status(status="revoked", signed=False), "not signed for the issuer"),
        (status(status="unknown"), "the CA does not know the certificate"),
        (status(this_update=NOW + SKEW + SECOND), "of the future: 2026-06-01T12:05:01Z"),
        (status(next_update=NOW - SECOND), "out of date since 2026-06-01T11:59:59Z"),
    ],
)
def test_what_settles_nothing_says_why(open_one, why):
    assert doubt(open_one, NOW) == why
