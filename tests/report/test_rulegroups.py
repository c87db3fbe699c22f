"""Rules in groups."""

from __future__ import annotations

import pytest

from mailtls.report.rulegroups import GROUPS, ORDER, OTHER, group_of, shown, standings, worst
from mailtls.rules import RULES
from mailtls.terms import Level, Outcome
from report.reports import NAMES, failure, mixed, report, unknown, verdict


def test_every_rule_has_a_group_and_every_group_a_place():
    assert OTHER not in {group_of(rule.id) for rule in RULES}
    assert set(ORDER) == {*GROUPS, OTHER}


@pytest.mark.parametrize(
    ("rule", "group"),
    [
        ("mode", "connection"),
        ("auth-before-tls", "STARTTLS"),
        ("capabilities", "service"),
        ("tls-cipher", "TLS"),
        ("tls-rpt", "names"),
        ("certificate-name", "certificate"),
        ("certificate-agreement", "several endpoints"),
        ("delivery-hops", "delivery"),
        ("something-new", OTHER),
    ],
)
def test_a_rule_is_found_by_its_name_before_its_family(rule, group):
    assert group_of(rule) == group


def test_a_group_stands_as_its_worst_rule_does():
    found = standings(mixed())

    assert shown(mixed()) == ("connection", "TLS", "certificate")
    assert found[NAMES[0], "connection"] == "ok"
    assert found[NAMES[0], "TLS"] == "error"
    assert found[NAMES[1], "connection"] == "unknown"
    assert (NAMES[2], "STARTTLS") not in found


def test_worse_hides_better():
    made = [
        failure(),
        unknown(),
        failure(level=Level.WARNING),
        failure(level=Level.NOTE),
        verdict(outcome=Outcome.WAIVED),
        verdict(),
        verdict(outcome=Outcome.NOT_APPLICABLE),
    ]
    words = [worst(report(made[at:]).results) for at in range(len(made))]

    assert words == ["error", "unknown", "warning", "note", "waived", "ok", ""]
