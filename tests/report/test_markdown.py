"""The Markdown report."""

from __future__ import annotations

from markdown_it import MarkdownIt

from mailtls.report import markdown
from report.reports import hostile, mixed


def test_the_verdict_comes_first_and_the_findings_follow():
    text = markdown.render(mixed())

    assert text.startswith("## mailtls: fail\n")
    assert "<b>tls-version</b>" in text


def test_nothing_of_a_stranger_is_markup():
    shown = (
        MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown.render(hostile()))
    )

    assert "<script" not in shown
    assert "</style>" not in shown
    assert "\x1b" not in shown
