"""Columns as a terminal counts them, and lines that fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.report.columns import columns, wrap


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("", 0),
        ("日本", 4),
        ("ｱｲ", 2),
        ("\uff21", 2),
        ("e\u0301", 1),
        ("🙂", 2),
        ("Müller", 6),
    ],
)
def test_a_character_takes_what_it_takes(text, width):
    assert columns(text) == width


def test_words_are_kept_whole_and_lines_begin_as_told():
    assert list(wrap("one two three", 12, first="fix: ", rest="  ")) == ["fix: one two", "  three"]
    assert list(wrap("a " + "x" * 20, 10)) == ["a", "x" * 20]
    assert list(wrap("", 10, first="fix: ")) == []
    assert list(wrap("a  \t b", 10)) == ["a b"]


def test_scripts_without_spaces_break_between_characters():
    assert list(wrap("日本語の証明書", 9, first="> ", rest="  ")) == [
        "> 日本語",
        "  の証明",
        "  書",
    ]
    assert list(wrap("日本CN=日本", 7)) == ["日本CN=", "日本"]


@given(st.text("a 日e\u0301", max_size=80), st.integers(6, 40))
def test_no_line_is_too_long_but_for_a_long_word(text, width):
    lines = list(wrap(text, width, first="* ", rest="  "))

    assert all(columns(line) <= width or " " not in line[2:] for line in lines)
    assert "".join(lines).replace(" ", "").removeprefix("*") == text.replace(" ", "")
