"""What is the machine's part in a refusal; as verdicts it is in test_runner."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factories import REFUSED, at, endpoint, missing, session
from mailtls.evidence import Missing
from mailtls.rules.vantage import gap_of, is_loopback, turned_away
from mailtls.terms import Cause, Phase

UNKNOWN = missing(Phase.RESOLVE, Cause.REFUSED)


@pytest.mark.parametrize(
    ("address", "yes"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("192.0.2.1", False)],
)
def test_loopback_is_more_than_one_address(address, yes):
    assert is_loopback(address) == yes


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_only_a_refusal_of_the_containers_own_address_is_its_own(address):
    inside = replace(at(address, endpoint(), REFUSED), in_bare_container=True)

    assert gap_of(inside, REFUSED)
    assert gap_of(inside, missing(Phase.CONNECT, Cause.TIMED_OUT)) is None
    assert gap_of(inside, None) is None
    assert gap_of(replace(inside, in_bare_container=False), REFUSED) is None


@pytest.mark.parametrize(
    ("host", "label"),
    [("mailpit", True), ("mail.example.org", False), ("192.0.2.1", False), ("::1", False)],
)
def test_a_label_has_no_domain_and_is_no_address(host, label):
    view = replace(at("x", endpoint(host=host)), target=None, unresolved=UNKNOWN)

    for cause in (Cause.REFUSED, Cause.TIMED_OUT):
        assert bool(gap_of(view, missing(Phase.RESOLVE, cause))) == label
    # It has addresses, of the other family.
    assert gap_of(view, missing(Phase.RESOLVE, Cause.UNREACHABLE)) is None


def test_words_of_a_session_that_went_well_are_not_read():
    assert turned_away(at("192.0.2.1", endpoint(), session())) is None
    assert turned_away(at("192.0.2.1", endpoint(), REFUSED)) is None


def test_a_gap_keeps_the_phase_and_the_cause():
    gone = Missing(phase=Phase.CAPABILITY, cause=Cause.THROTTLED, detail="450 your IP is listed")
    gap = turned_away(at("192.0.2.1", endpoint(), session(before=gone)))

    assert gap is not None
    assert (gap.missing.phase, gap.missing.cause) == (Phase.CAPABILITY, Cause.THROTTLED)
