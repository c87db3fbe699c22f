"""Markup is made in one place, and text stays text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.report.page.markup import (
    Markup,
    cell,
    code,
    element,
    facts,
    join,
    link,
    prose,
    row,
    section,
    table,
)
from report.page.dom import parse


@given(st.text(), st.text())
def test_text_is_text_wherever_it_stands(inside, quoted):
    made = element("p", inside, element("b", inside), title=quoted)
    node = parse(made.text).one("p")

    plain = inside.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    assert [each.name for each in node.all()] == ["b"]
    assert node.text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd") == 2 * plain
    assert set(node.attributes) == {"title"}


def test_attributes_are_named_as_in_html():
    made = element("td", "x", class_="a", data_row="b", hidden=True, open=False, colspan=2)

    assert made.text == '<td class="a" data-row="b" hidden colspan="2">x</td>'
    assert element("meta", charset="utf-8").text == '<meta charset="utf-8">'


@pytest.mark.parametrize(
    "address", ["", "javascript:alert(1)", "http://x", "data:x", " https://x", "//x"]
)
def test_a_link_leads_to_a_page_or_is_none(address):
    assert link("x", address).text == "<span>x</span>"
    assert 'href="https://x/&quot;&gt;"' in link("x", 'https://x/">').text


def test_a_pair_of_backticks_is_code_and_a_lone_one_is_not():
    assert prose("set `a <b>` now").text == "set <code>a &lt;b&gt;</code> now"
    assert prose("a ` b").text == "<span>a ` b</span>"


def test_a_fact_without_a_word_is_left_out():
    made = parse(facts([("a", "b"), ("c", ""), ("d", join([])), ("e", code("f"))]).text)

    assert made.said() == {"a": "b", "e": "f"}


def test_a_section_is_named_by_its_heading():
    node = parse(section("x", "Title", "text").text).one("section")

    assert node.attributes["aria-labelledby"] == node.one("h2").attributes["id"]


def test_a_table_says_its_roles_and_a_cell_its_head():
    heads = ("Name", "Count")
    line = row(heads, [cell("a", head=True), cell("1", order=10)], state="error")
    made = parse(table("What", heads, [line]).text)

    assert made.one("caption").text == "What"
    assert [each.text for each in made.all("th", role="columnheader")] == list(heads)
    assert made.one("th", role="rowheader").attributes["scope"] == "row"
    number = made.one("td")
    assert (number.attributes["data-head"], number.attributes["data-order"]) == ("Count", "10")
    body = made.one("tbody").one("tr")
    assert (body.attributes["data-row"], body.attributes["data-state"]) == ("", "error")


def test_a_row_has_a_cell_for_each_head():
    with pytest.raises(ValueError, match="zip"):
        row(("one", "two"), [cell("x")])


def test_parts_stand_one_after_another():
    assert join([Markup("<b>"), "<"], ", ").text == "<b>, &lt;"
