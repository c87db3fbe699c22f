"""The time line and the table of certificates."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mailtls.report.page.certificates import TICKS, certificates
from report.page.dom import parse
from report.reports import NOW, certificate, failure, report, verdict


def page(*made, **changes):
    leaf = certificate(**changes)
    return parse(certificates(report(list(made) or [verdict()], leaf=leaf)).text)


def bar(node):
    _, drawn = node.one("svg", role="img").all("rect")
    share = {key: float(drawn.attributes[key].rstrip("%")) for key in ("x", "width")}
    return drawn.attributes["class"], share["x"], share["x"] + share["width"]


def test_a_bar_is_drawn_and_said():
    node = page()
    kind, first, last = bar(node)

    # 30 days before and 90 ahead are shown; it is valid from 10 before to 80 ahead.
    assert (kind, round(first, 1), round(last, 1)) == ("valid", 16.7, 91.7)
    assert node.one("svg", role="img").one("title").text == "valid from 2026-05-22 to 2026-08-20"
    assert "80 days left" in node.one("ol").text
    assert len(list(node.one("li", aria_hidden="true").all("text"))) == TICKS


@pytest.mark.parametrize(
    ("first", "last"),
    [(-900, -800), (-90, -10), (-1, 1), (500, 600), (-3000, 9000), (300, 300)],
)
def test_a_bar_stays_within_the_drawing_and_can_be_seen(first, last):
    dates = {"not_before": NOW + timedelta(days=first), "not_after": NOW + timedelta(days=last)}
    _, start, end = bar(page(**dates))

    assert 0 <= start < end <= 100.01
    assert end - start > 0.79


def test_one_that_a_rule_speaks_against_stands_out():
    assert bar(page(failure(rule="certificate-expiry")))[0] == "late"


def test_the_table_says_the_same_and_more():
    node = page(dns_names=tuple(f"h{n}.example" for n in range(9)))
    (row,) = node.rows()

    assert row[0] == (
        "CN=smtp.example.comh0.example, h1.example, h2.example, h3.example, h4.example, h5.example"
        " and 4 more"
    )
    assert row[2:] == [
        "O=Example,CN=Example CA",
        "2026-05-22 to 2026-08-20",
        "\N{EN DASH} 80 days left",
        "ECDSA P-256sha256-ecdsa",
        "ab" * 32,
    ]


def test_it_is_sorted_by_dates_not_by_their_words():
    cells = list(page().one("tbody").all("td"))

    assert [each.attributes.get("data-order") for each in cells[2:4]] == [
        "2026-08-20T13:00:00Z",
        "80",
    ]


def test_without_a_certificate_it_says_so():
    made = report([verdict()])
    endpoints = tuple(replace(each, targets=()) for each in made.endpoints)
    text = certificates(replace(made, endpoints=endpoints)).text

    assert "No certificate was seen" in text
    assert "<table" not in text
