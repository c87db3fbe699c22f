"""Waivers as they are written: every mistake at its place, and what is left out."""

from __future__ import annotations

from datetime import date

import pytest

from mailtls.errors import PolicyError
from mailtls.policy.load import load_text
from mailtls.policy.model import Waiver
from mailtls.policy.shape import schema
from mailtls.rules import RULES

ENDPOINTS = """\
version: 1
endpoints:
  - {name: a, host: a.example.org, port: 993, mode: implicit}
waivers:
"""


def load(waivers: str):
    return load_text((ENDPOINTS + waivers).encode(), "p.yml", lambda *_: b"")


def test_a_waiver_has_its_rule_endpoint_date_reason_and_place():
    policy, document, warnings = load(
        "  - {rule: tls-version, endpoint: 'a*', until: 2027-02-28, reason: ' old\n   scanners '}\n"
        "  - {rule: mode, until: '2028-02-29', reason: x}\n"
    )

    assert policy.waivers == (
        Waiver(
            rule="tls-version",
            endpoint="a*",
            until=date(2027, 2, 28),
            reason="old scanners",
            route=("waivers", 0),
        ),
        Waiver(
            rule="mode",
            endpoint="*",
            until=date(2028, 2, 29),
            reason="x",
            route=("waivers", 1),
        ),
    )
    assert document.locate(("waivers", 1, "until")).line == 7
    assert warnings == ()


def test_every_mistake_is_told_at_once_where_it_stands():
    with pytest.raises(PolicyError) as caught:
        load(
            "  - {rule: tls-versoin, until: 2026-02-30, reason: ' '}\n"
            "  - {rule: waiver, until: 20270331}\n"
            "  - {rule: tls-version, until: 2027-3-1, reason: x, endpint: a}\n"
        )

    assert [(p.location.line, p.location.column, p.message, p.hint) for p in caught.value.problems] == [
        (5, 12, "'tls-versoin' is not valid here", "did you mean tls-version?"),
        (5, 32, "'2026-02-30' is not a date", ""),
        (5, 52, "' ' is not valid here", ""),
        (6, 5, "missing key reason", ""),
        (6, 12, "'waiver' is not valid here", ""),
        (6, 27, "'20270331' is not a date", ""),
        (7, 32, "'2027-3-1' is not a date", ""),
        (7, 53, "unknown key 'endpint'", "did you mean endpoint?"),
    ]  # fmt: skip
    assert caught.value.problems[1].expected == "a date, as 2027-03-31"


@pytest.mark.parametrize(
    "until",
    ["2027-02-29", "2027-W01-1", "27-01-01", "soon", "'2027-01-01 '", "2027-01-01T00:00", "''"],
)
def test_what_is_no_date_is_refused(until):
    with pytest.raises(PolicyError) as caught:
        load(f"  - {{rule: mode, until: {until}, reason: x}}\n")
    assert [p.expected for p in caught.value.problems] == ["a date, as 2027-03-31"]


@pytest.mark.parametrize(
    "waivers", ["  x", "  - x", "  - [x]", "  - {rule: mode, until: [x], reason: x}"]
)
def test_what_has_another_shape_is_told_once(waivers):
    with pytest.raises(PolicyError) as caught:
        load(f"{waivers}\n")
    assert len(caught.value.problems) == 1


def test_the_schema_knows_every_rule_that_can_be_waived():
    known = schema()["$defs"]["waiver"]["properties"]["rule"]["enum"]

    assert known == sorted({rule.id for rule in RULES} - {"runner", "waiver"})


def test_a_list_of_waivers_replaces_that_of_the_base():
    base = ENDPOINTS + "  - {rule: mode, until: 2027-01-01, reason: of the base}\n"
    own = "version: 1\nextends: base.yml\nwaivers: []\n"

    policy, _, _ = load_text(own.encode(), "p.yml", lambda *_: base.encode())

    assert policy.waivers == ()
