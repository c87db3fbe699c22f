"""What a waiver accepts, what it never touches, and what is said of the waiver itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from factories import NOW, endpoint, leaf, missing, policy, seen, session, tls
from mailtls.book import EvidenceBook
from mailtls.evidence import Resolved
from mailtls.judge import judge
from mailtls.policy.model import Waiver
from mailtls.probe.questions import Service, Target
from mailtls.rules import RULES
from mailtls.rules.base import session_question
from mailtls.rules.waiver import settle
from mailtls.terms import Level, Outcome
from mailtls.verdict import Standing, Verdict, standing

A = endpoint(name="a")
B = endpoint(name="b", port=465, route=("endpoints", 1))
TODAY = NOW.date()
ALL = {rule.id for rule in RULES}


def verdict(**changes) -> Verdict:
    plain = Verdict(
        rule="tls-version",
        endpoint="a",
        address="192.0.2.1",
        outcome=Outcome.FAIL,
        level=Level.ERROR,
        message="the server accepts TLSv1.0",
        expected="e",
        observed="o",
        remedy="r",
        phase=None,
        cause=None,
        transcript=(),
        route=("endpoints", 0),
    )
    return replace(plain, **changes)


def waiver(days: int = 100, **changes) -> Waiver:
    plain = Waiver(
        rule="tls-version",
        endpoint="a",
        until=TODAY + timedelta(days=days),
        reason="old scanners",
        route=("waivers", 0),
    )
    return replace(plain, **changes)


def settled(*verdicts, waivers, asked=ALL, now=NOW):
    with_waivers = replace(policy(A, B), waivers=tuple(waivers))
    result = settle(with_waivers, verdicts, asked, now)
    return result[: len(verdicts)], result[len(verdicts) :]


def test_a_failure_is_waived_with_its_date_and_reason():
    (judged,), (own,) = settled(verdict(), waivers=[waiver()])

    assert judged == verdict(
        outcome=Outcome.WAIVED,
        message="the server accepts TLSv1.0 (waived until 2026-09-09: old scanners)",
    )
    assert standing([judged, own], fail_on=Level.NOTE) is Standing.PASS
    assert (own.rule, own.outcome, own.endpoint) == ("waiver", Outcome.PASS, "a")
    assert own.route == ("waivers", 0, "until")
    assert own.observed == "until 2026-09-09; it covers 1 failure"


@pytest.mark.parametrize(
    "other",
    [
        verdict(rule="tls-cipher"),
        verdict(endpoint="b"),
        verdict(outcome=Outcome.INCONCLUSIVE),
        verdict(outcome=Outcome.PASS),
        verdict(outcome=Outcome.NOT_APPLICABLE),
    ],
)
def test_nothing_else_is_touched(other):
    (_, judged), _ = settled(verdict(), other, waivers=[waiver()])

    assert judged == other


@pytest.mark.parametrize("pattern", ["*", "?", "[ab]", "a"])
def test_an_endpoint_is_a_name_or_a_glob(pattern):
    (judged,), _ = settled(verdict(), waivers=[waiver(endpoint=pattern)])

    assert judged.outcome is Outcome.WAIVED


def test_the_name_of_an_ipv6_literal_is_no_set_of_characters():
    six = endpoint(name="[2001:db8::1]:587")
    with_waiver = replace(policy(six), waivers=(waiver(endpoint=six.name),))

    (judged, own) = settle(with_waiver, [verdict(endpoint=six.name)], ALL, NOW)

    assert judged.outcome is Outcome.WAIVED
    assert own.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("moment", "outcome"),
    [
        (datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC), Outcome.WAIVED),
        (datetime(2026, 7, 1, 0, 0, tzinfo=UTC), Outcome.FAIL),
        # Midnight there, ten in the evening in UTC: the waiver still counts.
        (datetime(2026, 7, 1, 0, 0, tzinfo=timezone(timedelta(hours=2))), Outcome.WAIVED),
    ],
)
def test_its_last_day_counts_whole_in_utc(moment, outcome):
    june = waiver(until=date(2026, 6, 30))

    (judged,), _ = settled(verdict(), waivers=[june], now=moment)

    assert judged.outcome is outcome


def test_a_lapsed_waiver_lets_the_failure_count_again_and_both_say_so():
    (judged,), (own,) = settled(verdict(), waivers=[waiver(-1)])

    assert judged == verdict(
        message="the server accepts TLSv1.0 (the waiver lapsed on 2026-05-31: old scanners)"
    )
    assert standing([judged], fail_on=Level.ERROR) is Standing.FAIL
    assert (own.outcome, own.level) == (Outcome.FAIL, Level.WARNING)
    assert own.message == (
        "the waiver of tls-version for a lapsed on 2026-05-31: 1 failure counts again"
    )
    assert own.remedy


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (15, None),
        (14, "lapses in 14 days, on 2026-06-15"),
        (1, "lapses in 1 day, on 2026-06-02"),
        (0, "lapses at the end of today (UTC), on 2026-06-01"),
    ],
)
def test_the_end_is_announced_fourteen_days_before(days, words):
    (judged,), (own,) = settled(verdict(), waivers=[waiver(days)])

    assert judged.outcome is Outcome.WAIVED
    assert (own.outcome is Outcome.FAIL) == (words is not None)
    assert own.message.endswith(words or "is in force for 15 days")
    assert own.level is Level.WARNING


def test_a_waiver_without_a_failure_is_reported_at_its_line():
    _, (own,) = settled(verdict(outcome=Outcome.PASS), waivers=[waiver()])

    assert own.message == "the waiver of tls-version for a matches no failure"
    assert (own.outcome, own.route) == (Outcome.FAIL, ("waivers", 0, "rule"))
    _, (own,) = settled(verdict(outcome=Outcome.PASS), waivers=[waiver(-1)])
    assert own.message == (
        "the waiver of tls-version for a lapsed on 2026-05-31 and matches no failure"
    )


def test_a_name_no_endpoint_has_is_reported_with_the_one_that_may_be_meant():
    _, (own,) = settled(verdict(), waivers=[waiver(endpoint="aa")])

    assert own.message == ("no endpoint is named aa, and the waiver of tls-version waives nothing")
    assert own.remedy == "delete the waiver, or correct `endpoint`: did you mean a?"
    assert (own.endpoint, own.route) == ("aa", ("waivers", 0, "endpoint"))


def test_a_waiver_is_not_called_unneeded_while_its_rule_is_open():
    _, (own,) = settled(verdict(outcome=Outcome.INCONCLUSIVE), waivers=[waiver()])

    assert own.outcome is Outcome.PASS


def test_a_rule_that_was_not_asked_leaves_its_waiver_unjudged():
    judged, own = settled(verdict(rule="mode"), waivers=[waiver()], asked={"mode", "waiver"})

    assert [each.outcome for each in judged] == [Outcome.FAIL]
    assert own == ()


def test_a_chosen_rule_is_waived_though_the_rule_on_waivers_was_not_asked():
    (judged,), own = settled(verdict(), waivers=[waiver()], asked={"tls-version"})

    assert judged.outcome is Outcome.WAIVED
    assert own == ()


def test_of_two_waivers_the_one_that_ends_last_counts():
    old = waiver(-5, reason="old")
    (judged,), own = settled(verdict(), waivers=[old, waiver(reason="new")])

    assert judged.message.endswith("(waived until 2026-09-09: new)")
    assert [each.message for each in own] == [
        "the waiver of tls-version for a lapsed on 2026-05-27 and matches no failure",
        "the waiver of tls-version for a is in force for 100 days",
    ]


def test_a_waiver_covers_every_address_and_says_how_many():
    (one, two), (own,) = settled(
        verdict(), verdict(address="192.0.2.2"), waivers=[waiver(-1, endpoint="*")]
    )

    assert one.outcome is two.outcome is Outcome.FAIL
    assert own.message.endswith("lapsed on 2026-05-31: 2 failures count again")


def judged_by_all(evidence, waivers):
    target = Target(host=A.host, port=A.port, address="192.0.2.1")
    book = EvidenceBook(
        resolutions={Service(host=A.host, port=A.port): Resolved(addresses=("192.0.2.1",))},
        answers={(target, session_question(A)): seen(evidence)},
    )
    return judge(replace(policy(A), waivers=waivers), RULES, book, NOW)


def test_the_judge_waives_one_rule_and_leaves_the_rest_to_count():
    stranger = session(tls(leaf(dns_names=("other.example",), not_after=NOW)))

    verdicts = judged_by_all(stranger, (waiver(rule="certificate-name"),))

    by_rule = {each.rule: each.outcome for each in verdicts}
    assert by_rule["certificate-name"] is Outcome.WAIVED
    assert by_rule["certificate-expiry"] is Outcome.FAIL
    assert by_rule["waiver"] is Outcome.PASS
    assert list(verdicts) == sorted(verdicts, key=lambda each: each.order)


def test_silence_is_not_waived():
    verdicts = judged_by_all(missing(), (waiver(rule="reachable"),))

    assert standing(verdicts, fail_on=Level.ERROR) is Standing.INCONCLUSIVE
    assert {each.outcome for each in verdicts if each.rule == "reachable"} == {Outcome.INCONCLUSIVE}


def test_a_policy_without_waivers_has_nothing_to_say_of_them():
    assert not [each for each in judged_by_all(session(), ()) if each.rule == "waiver"]
