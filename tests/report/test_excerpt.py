"""The carets stand below what the finding is about, whatever the line holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailtls.report.columns import columns
from mailtls.report.excerpt import mark, narrow
from mailtls.report.model import Excerpt
from mailtls.verdict import Location


def at(column: int, end_column: int, *, lines: int = 1) -> Location:
    return Location(file="p", line=4, column=column, end_line=3 + lines, end_column=end_column)


def under(excerpt: Excerpt) -> str:
    return excerpt.text[excerpt.start : excerpt.start + excerpt.width]


def test_the_span_is_marked():
    assert under(mark("  mode: starttls\n", at(9, 17))) == "starttls"


def test_a_span_over_several_lines_is_marked_to_the_end_of_its_first():
    assert under(mark("  - host: a", at(5, 3, lines=2))) == "host: a"


def test_an_empty_span_and_one_behind_the_line_have_one_caret():
    assert mark("key:", at(5, 5)) == Excerpt(text="key:", start=4, width=1)
    assert mark("key:", at(50, 60)) == Excerpt(text="key:", start=4, width=1)


def test_what_is_made_visible_moves_the_caret_along():
    assert under(mark("\ta\u200b: b", at(6, 7))) == "b"
    assert under(mark("a: x\x1by", at(4, 7))) == "x\\x1by"


def test_a_wide_character_counts_for_two_columns():
    marked = mark("東京: 大阪", at(5, 7))

    assert (marked.start, marked.width) == (6, 4)


def test_a_long_line_is_cut_around_the_span():
    line = "a" * 200 + "SPAN" + "b" * 200
    marked = mark(line, at(201, 205))

    assert under(marked) == "SPAN"
    assert marked.text.startswith("...a")
    assert marked.text.endswith("b...")
    assert len(marked.text) <= 74


def test_wide_characters_are_cut_by_columns():
    marked = mark("名" * 100 + "SPAN" + "前" * 100, at(101, 105))

    assert columns(marked.text) <= 74
    assert columns(marked.text[: marked.text.index("SPAN")]) == marked.start
    assert marked.width == 4


def test_a_narrow_terminal_gets_less_of_the_line_and_still_the_span():
    marked = narrow(mark("a" * 30 + "SPAN" + "b" * 30, at(31, 35)), 20)

    assert marked.text == "..." + "a" * 10 + "SPAN" + "b" * 6 + "..."
    assert under(marked) == "SPAN"
    assert narrow(marked, 80) == marked
    long = narrow(mark("a" * 60, at(1, 61)), 20)
    assert (long.text, long.start, long.width) == ("a" * 20 + "...", 0, 20)


@given(st.text(max_size=90), st.integers(1, 100), st.integers(1, 100), st.integers(10, 80))
def test_any_excerpt_fits_any_room(line, column, end_column, room):
    shown = narrow(mark(line, at(column, end_column)), room)

    assert columns(shown.text) <= max(room, 10) + 6
    assert shown.start + shown.width <= columns(shown.text) + 1


def test_a_command_put_together_across_the_span_is_none():
    assert "##[" not in mark("##[error]x", at(3, 6)).text
    assert "::error" not in mark("::error::x", at(3, 6)).text


@given(st.text(max_size=120), st.integers(1, 150), st.integers(1, 150))
def test_any_line_and_any_span_give_one_line(line, column, end_column):
    marked = mark(line, at(column, end_column))

    assert len(marked.text.splitlines()) <= 1
    assert "##[" not in marked.text
    assert marked.width >= 1
    assert marked.start >= 0
