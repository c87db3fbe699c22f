from __future__ import annotations

from dataclasses import replace

import pytest

from factories import (
    NOW,
    REFUSED,
    at,
    endpoint,
    implicit,
    implicit_session,
    missing,
    policy,
    run_view,
    seen,
    session,
)
from mailtls.book import EvidenceBook
from mailtls.evidence import Missing, Resolved
from mailtls.judge import judge
from mailtls.policy.model import AddressChoice
from mailtls.probe.questions import PortQuestion, Service, Target
from mailtls.rules import RULES
from mailtls.rules.base import session_question
from mailtls.rules.closed import RULE as CLOSED
from mailtls.rules.reachable import RULE as REACHABLE
from mailtls.rules.runner import RULE
from mailtls.terms import Cause, Expect, Level, Outcome, Phase
from mailtls.verdict import Standing, standing

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
    assert "timed out, and other ports answered" in placed.finding.message
    assert "outgoing port 25" in placed.finding.remedy
    assert {target.address for target in placed.explains} == {"192.0.2.8", "192.0.2.9"}


def test_another_port_of_the_same_address_is_control_enough_for_one():
    (placed,) = RULE.across(run_view(at("192.0.2.8", OF), at("192.0.2.8", MX, SILENT)))
    assert "other ports of the same address answered" in placed.finding.message
    assert {target.port for target in placed.explains} == {25}


def test_where_port_25_is_all_that_is_asked_several_silent_addresses_tell_it():
    views = at("192.0.2.8", MX, SILENT), at("192.0.2.9", MX, SILENT), at(V6, MX, NO_ROUTE)
    (placed,) = RULE.across(run_view(*views))
    assert "all 2 addresses timed out" in placed.finding.message
    assert {target.address for target in placed.explains} == {"192.0.2.8", "192.0.2.9"}


@pytest.mark.parametrize(
    "views",
    [
        [at("192.0.2.8", MX, SILENT)],  # no other port to compare with
        [at(V4, OF), at("192.0.2.8", MX, SILENT)],  # one server may be down
        [at(V4, OF, SILENT), at("192.0.2.8", MX, SILENT), at("192.0.2.9", MX, SILENT)],
        [at(V4, OF, SILENT), at("192.0.2.8", MX, SILENT)],
        [at(V4, OF), at("192.0.2.8", MX, SILENT), at("192.0.2.9", MX)],
        [at(V4, OF), at("192.0.2.8", MX, SILENT), at("192.0.2.9", MX, REFUSED)],
    ],
)
def test_port_25_that_may_be_open_is_not_called_blocked(views):
    assert all(not explains for _, explains in judged(*views))


def test_both_gaps_are_two_results():
    views = [at(V4, OF), at(V4, MX, SILENT), at(V6, MX, NO_ROUTE)]
    assert judged(*views) == [(Outcome.INCONCLUSIVE, {V6}), (Outcome.INCONCLUSIVE, {V4})]


def unnamed(name, cause=Cause.TIMED_OUT):
    of = endpoint(name=name, host=f"{name}.example.org")
    return replace(at("x", of), target=None, unresolved=missing(Phase.RESOLVE, cause), answers={})


def test_a_machine_that_cannot_ask_dns_is_told_once():
    (placed,) = RULE.across(run_view(unnamed("a"), unnamed("b")))
    assert "this machine cannot ask DNS" in placed.finding.message
    assert placed.finding.observed == "not tested: a.example.org:587, b.example.org:587"
    assert "--resolver" in placed.finding.remedy


def test_a_machine_without_a_network_is_told_once():
    other = endpoint(name="other", host="other.example.org")
    (placed,) = RULE.across(run_view(at(V4, OF, NO_ROUTE), at("192.0.2.9", other, NO_ROUTE)))
    assert "this machine has no network" in placed.finding.message
    assert len(placed.explains) == 2


@pytest.mark.parametrize(
    "views",
    [
        [unnamed("a")],  # one name may have a fault of its own
        [unnamed("a"), unnamed("b", Cause.REFUSED)],
        [unnamed("a", Cause.UNREACHABLE), unnamed("b", Cause.UNREACHABLE)],  # of another family
        [unnamed("a"), at(V4, OF, NO_ROUTE)],
        [unnamed("a"), at(V4, OF)],
        [at(V4, OF, NO_ROUTE), at("192.0.2.9", OF, NO_ROUTE)],
    ],
)
def test_what_one_host_may_explain_is_not_the_machines(views):
    assert all(not explains for _, explains in judged(*views))


def judge_all(of, met, *, in_container=False, address="127.0.0.1", rules=RULES, more=()):
    """Judge an endpoint with one address, or, where `address` is "", with none."""
    service = Service(host=of.host, port=of.port)
    answers = {}
    if address:
        question = PortQuestion() if of.expect is Expect.CLOSED else session_question(of)
        answers[Target(host=of.host, port=of.port, address=address), question] = seen(met)
    book = EvidenceBook(
        resolutions={service: Resolved(addresses=(address,)) if address else met},
        answers=answers | dict(more),
        in_container=in_container,
    )
    return judge(policy(of), rules, book, NOW)


def outcome_of(verdicts, rule):
    return next(verdict for verdict in verdicts if verdict.rule == rule)


def test_a_refusal_of_a_jobs_own_container_is_no_failure_and_names_the_way_out():
    verdicts = judge_all(OF, REFUSED, in_container=True)
    told = outcome_of(verdicts, "runner")
    assert standing(verdicts, fail_on=Level.NOTE) is Standing.INCONCLUSIVE
    assert [v.rule for v in verdicts if v.outcome is Outcome.INCONCLUSIVE] == ["runner"]
    assert "127.0.0.1 is this job's own container" in told.message
    assert "`host: mailpit`" in told.remedy
    assert "--network host" in told.remedy
    assert (
        outcome_of(verdicts, "reachable").message == "not tested on 127.0.0.1 (see the rule runner)"
    )
    alone = judge_all(OF, REFUSED, in_container=True, rules=[REACHABLE])
    assert [(v.outcome, v.remedy) for v in alone] == [(Outcome.INCONCLUSIVE, told.remedy)]


def test_a_closed_port_of_a_jobs_own_container_proves_nothing():
    retired = endpoint(name="retired", expect=Expect.CLOSED)
    assert outcome_of(judge_all(retired, REFUSED), "closed").outcome is Outcome.PASS
    closed = judge_all(retired, REFUSED, in_container=True, rules=[CLOSED])
    assert [verdict.outcome for verdict in closed] == [Outcome.INCONCLUSIVE]


def test_a_refusal_is_the_servers_outside_of_a_container_and_beside_one_that_answers():
    neighbour = Target(host=OF.host, port=993, address="127.0.0.1")
    answered = {(neighbour, session_question(OF)): seen(session())}
    for verdicts in (
        judge_all(OF, REFUSED),
        judge_all(OF, REFUSED, in_container=True, address=V4),
        judge_all(OF, REFUSED, in_container=True, more=answered),
    ):
        assert outcome_of(verdicts, "reachable").outcome is Outcome.FAIL


def test_a_label_that_does_not_resolve_is_no_failure_and_names_the_way_out():
    unknown = missing(Phase.RESOLVE, Cause.REFUSED)
    verdicts = judge_all(endpoint(host="mailpit", identity="mailpit"), unknown, address="")
    told = outcome_of(verdicts, "runner")
    assert [v.rule for v in verdicts if v.outcome is Outcome.INCONCLUSIVE] == ["runner"]
    assert "mailpit is a name without a domain" in told.message
    assert told.observed == "not tested: mailpit:587"
    assert "host: localhost" in told.remedy
    assert outcome_of(verdicts, "reachable").message == "not tested (see the rule runner)"
    elsewhere = judge_all(OF, unknown, address="")
    assert outcome_of(elsewhere, "reachable").outcome is Outcome.FAIL


def turned(said, cause=Cause.REFUSED):
    gone = Missing(phase=Phase.GREETING, cause=cause, detail=f"the server greets with {said}")
    return session(greeting=gone, before=gone, upgrade=gone, tls=gone, after=gone)


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (
            "554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked using zen",
            Cause.REFUSED,
        ),
        ("550 5.7.1 listed by Spamhaus", Cause.REFUSED),
        ("421 4.7.0 too many connections from 198.51.100.7", Cause.THROTTLED),
        ("554 mx.example.org your IP has a poor reputation", Cause.REFUSED),
        ("450 4.7.25 cannot find your reverse hostname, no PTR record", Cause.THROTTLED),
        ("554 2001:db8::7 is on our blacklist", Cause.REFUSED),
    ],
)
def test_a_server_that_refuses_this_address_is_told_in_its_own_words(said, cause):
    verdicts = judge_all(MX, turned(said, cause), address="192.0.2.8")
    told = outcome_of(verdicts, "runner")
    assert standing(verdicts, fail_on=Level.NOTE) is Standing.INCONCLUSIVE
    assert [v.rule for v in verdicts if v.outcome is Outcome.INCONCLUSIVE] == ["runner"]
    assert told.message == (
        "could not be tested from here: this machine's address is refused: the server greets"
        f" with {said}"
    )
    assert "blocklist" in told.remedy


@pytest.mark.parametrize(
    "said",
    ["554 5.3.2 closed for maintenance", "421 too busy", "554 mx at 192.0.2.8 has no service here"],
)
def test_a_server_that_refuses_everybody_is_not_said_to_mean_this_machine(said):
    verdicts = judge_all(MX, turned(said), address="192.0.2.8")
    assert outcome_of(verdicts, "runner").outcome is Outcome.PASS
    assert outcome_of(verdicts, "mode").outcome is Outcome.INCONCLUSIVE


def test_what_was_learnt_before_a_refusal_counts():
    gone = Missing(
        phase=Phase.AFTER_TLS, cause=Cause.REFUSED, detail="the server greets with 554 blocklisted"
    )
    seen_tls = implicit_session(greeting_after=gone, after=gone)
    of = implicit(port=465)
    verdicts = judge_all(of, seen_tls, address="192.0.2.8")
    assert outcome_of(verdicts, "certificate-name").outcome is Outcome.PASS
    assert outcome_of(verdicts, "runner").outcome is Outcome.INCONCLUSIVE
    assert outcome_of(verdicts, "protocol").outcome is Outcome.NOT_APPLICABLE


def test_what_is_reached_is_said():
    (placed,) = RULE.across(run_view(at(V6, OF), at("192.0.2.8", MX)))
    assert placed.finding.message == "this machine reaches IPv6 and port 25"
    retired = endpoint(name="retired", expect=Expect.CLOSED)
    assert list(RULE.across(run_view(at(V4, retired, REFUSED)))) == []
    (placed,) = RULE.across(run_view(at(V4, OF, session())))
    assert placed.finding.outcome is Outcome.NOT_APPLICABLE
