from __future__ import annotations

from dataclasses import replace

import pytest

from factories import endpoint, missing
from mailtls.book import EvidenceBook
from mailtls.evidence import Resolved
from mailtls.policy.model import AddressChoice
from mailtls.probe.questions import Service, select_addresses
from mailtls.terms import Cause, Phase

BOTH = ("192.0.2.1", "192.0.2.2", "2001:db8::1")


def book(resolution=None):
    resolutions = {Service(host="mail.example.org", port=587): resolution} if resolution else {}
    return EvidenceBook(resolutions=resolutions, answers={})


@pytest.mark.parametrize(
    ("choice", "addresses"),
    [
        (AddressChoice.ALL, BOTH),
        (AddressChoice.ANY, BOTH),
        (AddressChoice.IPV4, BOTH[:2]),
        (AddressChoice.IPV6, BOTH[2:]),
        (("198.51.100.7",), ("198.51.100.7",)),
    ],
)
def test_the_choice_selects_the_addresses(choice, addresses):
    assert select_addresses(BOTH, choice) == addresses
    of = endpoint(addresses=choice)
    found = book(Resolved(addresses=BOTH))
    assert tuple(target.address for target in found.targets(of)) == addresses
    assert found.unresolved(of) is None


def test_an_empty_selection_says_what_is_missing():
    found = book(Resolved(addresses=("192.0.2.1",)))
    of = endpoint(addresses=AddressChoice.IPV6)
    assert found.targets(of) == []
    gap = found.unresolved(of)
    assert (gap.phase, gap.cause) == (Phase.RESOLVE, Cause.UNREACHABLE)
    assert gap.detail == "mail.example.org has no IPv6 address"


def test_a_host_without_any_address_says_so():
    gap = book(Resolved(addresses=())).unresolved(endpoint())
    assert gap.detail == "mail.example.org has no address"


def test_a_failed_resolution_is_passed_on():
    gone = missing(Phase.RESOLVE, Cause.REFUSED)
    assert book(gone).unresolved(endpoint()) == gone


def test_a_literal_needs_no_resolution_and_a_name_does():
    assert [t.address for t in book().targets(endpoint(host="2001:db8::1"))] == ["2001:db8::1"]
    assert book().unresolved(endpoint()).cause is Cause.PREREQUISITE


def test_a_list_of_literals_needs_no_resolution():
    assert len(book(missing(Phase.RESOLVE)).targets(endpoint(addresses=("192.0.2.9",)))) == 1


def test_connections_are_those_of_questions_and_of_deliveries():
    assert replace(book(), carrying=3).connections == book().connections + 3
