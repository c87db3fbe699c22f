"""Pages as a terminal shows them: no word lost, no line too long that could be broken."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from mailtls.commands import page
from mailtls.report.manual import fitted
from mailtls.rules import RULES

IDS = [rule.id for rule in RULES]


def test_paragraphs_and_items_are_broken_at_spaces():
    text = "one two three\n\n- four five six\n  1. seven eight nine\n"
    assert fitted(text, 10) == (
        "one two\nthree\n\n- four\n  five six\n  1. seven\n     eight\n     nine\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "# a long heading",
        "| a | b |\n|---|---|\n| c | d |",
        "```text\na b c d e f g\n```",
        "x" * 20,
    ],
)
def test_what_has_a_shape_of_its_own_stays(line):
    assert fitted(f"{line}\n", 8) == f"{line}\n"


def test_code_is_not_broken():
    assert fitted("a `b c d` e\n", 4) == "a\n`b c d`\ne\n"


def test_a_paragraph_behind_a_fence_is_broken_again():
    assert fitted("```\na b\n```\na b\n", 1) == "```\na b\n```\na\nb\n"


@pytest.mark.parametrize("rule", IDS)
def test_a_page_means_the_same_and_fits(rule):
    shown = fitted(page(rule), 80)
    # A line break in a paragraph is a space to Markdown.
    render = MarkdownIt().enable("table").render
    assert render(shown).split() == render(page(rule)).split()
    prose = re.sub(r"```.*?```|^[#|].*?$|`[^`]+`", "", shown, flags=re.DOTALL | re.MULTILINE)
    assert max(map(len, prose.splitlines())) <= 80
