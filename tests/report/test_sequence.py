from __future__ import annotations

import re

import pytest

from deliveries import HOST
from mailtls.report.sequence import deliveries, sequence
from mailtls.report.summary import BYTE_LIMIT, escape, render
from report.reports import mixed
from report.ways import claimed, clear, hostile, sent, way


def test_arrows_say_what_is_known() -> None:
    assert sequence(way()) == [
        "sequenceDiagram",
        "  participant h0 as mailtls",
        f"  participant h1 as {HOST}",
        "  participant h2 as mx.example.net",
        "  h0->>h1: TLSv1.3 seen",
        "  h1->>h2: TLSv1.3 recorded",
        "  h2->>h2: within one host recorded",
        "  h2->>h0: TLSv1.3 seen",
    ]
    assert "  h1-xh2: in clear recorded" in sequence(clear())
    assert any("-->>" in line and line.endswith("claimed") for line in sequence(claimed()))


LINES = re.compile(
    r"sequenceDiagram|  participant h\d+ as [A-Za-z0-9][A-Za-z0-9 ._-]*"
    r"|  h\d+(->>|-->>|-x)h\d+: [A-Za-z0-9][A-Za-z0-9 ._-]*"
)


@pytest.mark.parametrize("flow", [way(), clear(), claimed(), hostile()], ids=range(4))
def test_nothing_in_a_diagram_has_a_meaning_but_ours(flow) -> None:
    assert not [line for line in sequence(flow) if not LINES.fullmatch(line)]


def test_the_summary_has_them_once_under_one_head() -> None:
    text = render(sent(way(), clear()))
    assert text.count("### Deliveries") == 1
    assert text.count("```mermaid\nsequenceDiagram") == 2
    assert "the provider of the mailbox" in text
    assert "### Deliveries" not in render(mixed())


def test_text_of_strangers_stands_in_code_alone() -> None:
    (part,) = deliveries(sent(hostile()), lambda text: f"<code>{escape(text)}</code>")
    assert "<script" not in part
    assert "##[" not in part


def test_a_summary_with_many_ways_stays_small() -> None:
    assert len(render(sent(*[hostile()] * 200)).encode()) <= BYTE_LIMIT
