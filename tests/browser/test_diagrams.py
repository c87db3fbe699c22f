"""Mermaid itself reads and draws the diagrams of the step summary."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mailtls.report import mermaid as diagrams
from mailtls.report import summary
from report.reports import POISON, certificate, failure, hostile, mixed, report, verdict

# Words and signs that have a meaning to one diagram or another.
NAMES = (
    "section x", "title y", "gantt", "end", "click z", "dateFormat", "a: crit, 2020-01-01", "%% comment",
    "%%{init: {'theme': 'dark'}}%%", "---", "-->>", "Note over A,B", "loop", "#35;", "; A->>B: x", "```",
    "\n  section evil", "excludes weekends", "todayMarker off", "accTitle: x", "é漢字", "", "...", "0",
)  # fmt: skip


@pytest.fixture(scope="module")
def page(browser, mermaid):
    page = browser.open("about:blank")
    page.run(f"{mermaid};mermaid.initialize({{startOnLoad: false}})")
    return page


def drawn(page, text: str) -> dict:
    """Return the kind of a diagram, and every text in it as it is drawn."""
    script = """
      (async (text) => {
        const { diagramType } = await mermaid.parse(text);
        const { svg } = await mermaid.render("d" + Math.random().toString().slice(2), text);
        const root = new DOMParser().parseFromString(svg, "text/html");
        const words = [...root.querySelectorAll("text, tspan")].map((each) => each.textContent.trim());
        return JSON.stringify({ diagramType, words, scripts: root.querySelectorAll("script").length });
      })
    """
    return json.loads(page.run(f"({script.strip()})({json.dumps(text)})"))


def blocks(text: str) -> list[str]:
    return [each.partition("\n```")[0] for each in text.split("```mermaid\n")[1:]]


def named(name: str) -> str:
    made = report([verdict()], leaf=certificate())
    endpoints = tuple(replace(each, name=name) for each in made.endpoints[:1])
    return summary.render(replace(made, endpoints=endpoints))


@pytest.mark.parametrize("made", [mixed(), hostile(), report([failure(rule="certificate-expiry")])])
def test_the_summary_has_one_chart_that_is_drawn(page, made):
    (chart,) = blocks(summary.render(made))
    found = drawn(page, chart)

    assert found["diagramType"] == "gantt"
    assert "Certificates from 2026-06-01" in found["words"]
    assert "80 days left" in found["words"]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_a_name_and_no_more(page, name):
    (chart,) = blocks(named(name))
    plain, found = drawn(page, blocks(named("plain"))[0]), drawn(page, chart)

    assert diagrams.plain(name) in found["words"]
    assert len(found["words"]) == len(plain["words"])


@pytest.mark.parametrize("name", [*NAMES, POISON])
def test_what_is_escaped_fits_a_sequence_of_messages_too(page, name):
    text = diagrams.plain(name)
    lines = ["sequenceDiagram", f"  participant A as {text}", "  participant B as server",
             f"  A->>B: {text}", f"  Note over A,B: {text}"]  # fmt: skip
    found = drawn(page, "\n".join(lines))

    assert found["diagramType"] == "sequence"
    assert found["words"].count(text) >= 3
    assert found["scripts"] == 0


def test_a_broken_chart_would_be_noticed(page):
    with pytest.raises(AssertionError, match="Parse error"):
        drawn(page, "gantt\n  dateFormat YYYY-MM-DD\n  a task without its data")
