"""The drawn ways of test messages: by Mermaid in the summary, by the browser on the page."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lab.browser import PHONE
from mailtls.report import html, summary
from report.reports import POISON
from report.ways import claimed, clear, hostile, sent, way

WORDS = ("end", "loop", "par x", "participant", "activate h1", "Note over h0", "-->>", "; h0->>h1: x",
         "#35;", "%% x", "```", "\n box", "", POISON)  # fmt: skip


@pytest.fixture(scope="module")
def page(browser, mermaid):
    page = browser.open("about:blank")
    page.run(f"{mermaid};mermaid.initialize({{startOnLoad: false}})")
    return page


def kind(page, text: str) -> str:
    """Return what Mermaid takes a diagram for, after it has drawn it."""
    script = """
      (async (text) => {
        const { diagramType } = await mermaid.parse(text);
        await mermaid.render("d" + Math.random().toString().slice(2), text);
        return JSON.stringify(diagramType);
      })
    """
    return json.loads(page.run(f"({script.strip()})({json.dumps(text)})"))


def diagrams(flow) -> list[str]:
    blocks = summary.render(sent(flow)).split("```mermaid\n")[1:]
    return [text for each in blocks if (text := each.partition("\n```")[0]).startswith("sequence")]


@pytest.mark.parametrize("flow", [way(), clear(), claimed(), hostile()], ids=range(4))
def test_mermaid_draws_every_way(page, flow):
    (text,) = diagrams(flow)
    assert kind(page, text) == "sequence"


@pytest.mark.parametrize("word", WORDS)
def test_a_hostile_name_of_a_host_breaks_no_diagram(page, word):
    arrows = tuple(
        replace(
            arrow, sender=word if arrow.sender == "relay.example" else arrow.sender, version=word
        )
        for arrow in claimed().arrows
    )
    (text,) = diagrams(replace(claimed(), arrows=arrows))
    assert kind(page, text) == "sequence"


def test_the_page_with_ways_keeps_to_axe_and_within_its_width(browser, axe, written):
    page = browser.open(written(html.render(sent(way(), clear(), claimed()))))
    found = json.loads(
        page.run(
            f"{axe};axe.run('#deliveries').then((found) => JSON.stringify("
            "found.violations.map((each) => [each.id, each.nodes.map((node) => node.html)])))"
        )
    )
    assert found == []
    script = (
        "JSON.stringify([...document.querySelectorAll('.way')].map((svg) => { const frame ="
        " svg.getBoundingClientRect(); return [...svg.querySelectorAll('text')].every((text) =>"
        " text.getBoundingClientRect().right <= frame.right + 1); }))"
    )
    assert json.loads(page.run(script)) == [True, True, True]


def test_a_drawing_keeps_its_size_on_a_phone_where_it_scrolls_by_keyboard(browser, axe, written):
    page = browser.open(written(html.render(sent(way(), clear()))), size=PHONE, dark=True)
    script = """
      JSON.stringify([...document.querySelectorAll(".drawn")].map((frame) => [
        frame.scrollWidth > frame.clientWidth && frame.tabIndex === 0,
        document.documentElement.scrollWidth <= window.innerWidth,
        [...frame.querySelectorAll("text")].every((text) => text.getBoundingClientRect().height > 11),
      ]))
    """
    assert json.loads(page.run(script)) == [[True, True, True]] * 2
    found = page.run(
        f"{axe};axe.run('#deliveries').then((found) => JSON.stringify(found.violations))"
    )
    assert json.loads(found) == []
