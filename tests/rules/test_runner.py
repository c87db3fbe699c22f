from __future__ import annotations

import pytest

from factories import REFUSED, at, endpoint, missing, run_view, session
from mailtls.policy.model import AddressChoice
from mailtls.rules.runner import RULE
from mailtls.terms import Cause, Expect, Outcome, Phase

NO_ROUTE = missing(Phase.CONNECT, Cause.UNREACHABLE)
SILENT = missing(Phase.CONNECT, Cause.TIMED_OUT)
OF = endpoint()
MX = endpoint(name="mx", host="mx.example.org", port=25)
V4, V6 = "192.0.2.1", "2001:db8::1"


def judged(*views):
    return [
        (p.finding.outcome, {target.address for target in p.explains})
        for p in RULE.across(run_view(*views))
    ]


def test_no_way_to_ipv6_is_told_once_for_all_endpoints():
    other = endpoint(name="other", port=465)
    run = run_view(at(V4, OF), at(V6, OF, NO_ROUTE), at(V4, other), at(V6, other, NO_ROUTE))
    (placed,) = RULE.across(run)
    assert placed.endpoint is OF
    assert placed.view is None
    assert placed.finding.missing.cause is Cause.UNREACHABLE
    assert placed.finding.observed == "not tested: [2001:db8::1]:587, [2001:db8::1]:465"
    assert "addresses: ipv4" in placed.finding.remedy
    assert len(placed.explains) == 2


@pytest.mark.parametrize(
    "views",
    [
        [at(V4, OF, SILENT), at(V6, OF, NO_ROUTE)],  # nothing answered: it may be the network
        [at(V4, OF), at(V6, OF, NO_ROUTE), at("2001:db8::2", OF)],  # IPv6 works, one node has gone
        [at(V4, OF), at(V6, OF, NO_ROUTE), at("2001:db8::2", OF, REFUSED)],
        [at(V4, OF), at(V6, OF, SILENT)],
    ],
)
def test_what_may_be_the_servers_fault_stays_the_servers(views):
    assert all(not explains for _, explains in judged(*views))


def test_a_refusal_on_ipv4_is_an_answer():
    assert judged(at(V4, OF, REFUSED), at(V6, OF, NO_ROUTE)) == [(Outcome.INCONCLUSIVE, {V6})]


def test_where_any_address_is_enough_nothing_is_open():
    of = endpoint(addresses=AddressChoice.ANY)
    assert judged(at(V4, of), at(V6, of, NO_ROUTE)) == [(Outcome.NOT_APPLICABLE, set())]


def test_a_blocked_port_25_is_told_once():
    second = endpoint(name="mx2", port=25)
    views = at(V4, OF), at("192.0.2.8", MX, SILENT), at("192.0.2.9", second, SILENT)
    (placed,) = RULE.across(run_view(*views))
    assert placed.endpoint is MX
    assert placed.finding.missing.cause is Cause.TIMED_OUT
    assert {target.address for target in placed.explains} == {"192.0.2.8", "192.0.2.9"}


@pytest.mark.parametrize(
    "views",
    [
        [at("192.0.2.8", MX, SILENT)],  # no other port to compare with
        [at(V4, OF, SILENT), at("192.0.2.8", MX, SILENT)],
        [at(V4, OF), at("192.0.2.8", MX, SILENT), at("192.0.2.9", MX)],
        [at(V4, OF), at("192.0.2.8", MX, SILENT), at("192.0.2.9", MX, REFUSED)],
    ],
)
def test_port_25_that_may_be_open_is_not_called_blocked(views):
    assert all(not explains for _, explains in judged(*views))


def test_both_gaps_are_two_results():
    views = [at(V4, OF), at("192.0.2.8", MX, SILENT), at(V6, MX, NO_ROUTE)]
    assert judged(*views) == [
        (Outcome.INCONCLUSIVE, {V6}),
        (Outcome.INCONCLUSIVE, {"192.0.2.8"}),
    ]


def test_what_is_reached_is_said():
    (placed,) = RULE.across(run_view(at(V6, OF), at("192.0.2.8", MX)))
    assert placed.finding.message == "this machine reaches IPv6 and port 25"
    retired = endpoint(name="retired", expect=Expect.CLOSED)
    assert list(RULE.across(run_view(at(V4, retired, REFUSED)))) == []
    (placed,) = RULE.across(run_view(at(V4, OF, session())))
    assert placed.finding.outcome is Outcome.NOT_APPLICABLE
