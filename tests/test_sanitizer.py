"""Whatever a stranger sends, what is shown is one visible line and no command."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.sanitizer import LIMIT, clean, clean_bytes
from report.runner_oracle import COMMANDS, commands

INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
EVERY = range(0x110000)

ANY = st.text(alphabet=st.characters(), max_size=80)
MARKERS = st.lists(
    st.sampled_from(["#", "##", "[", "]", ":", "::", "error", "group", "\u200b", "\n", " ", "x", "\ud800"]),
    max_size=12,
).map("".join)  # fmt: skip


def test_every_control_format_and_separator_character_is_made_visible():
    kept = [code for code in EVERY if unicodedata.category(chr(code)) in INVISIBLE
            and chr(code) in clean(chr(code))]  # fmt: skip

    assert kept == []


@pytest.mark.parametrize(
    "character",
    # Drawn as nothing but of other categories: joiner, fillers, variation selectors, noncharacters.
    ["\u034f", "\u115f", "\u17b4", "\u180b", "\u3164", "\ufe0f", "\uffa0", "\ufffe", "\U000e0100"],
)
def test_what_is_drawn_as_nothing_is_made_visible(character):
    assert clean(f"a{character}b") == f"a\\u{{{ord(character):x}}}b"


def test_letters_of_every_script_stay():
    text = "Zürich, Ελλάδα, 東京, עברית, naïve, a\u0301, 🙂"

    assert clean(text) == text


def test_escapes_say_which_character_it_was():
    assert clean("a\r\nb\x1b[31m\x9b\u202e") == "a\\x0d\\x0ab\\x1b[31m\\x9b\\u{202e}"


@pytest.mark.parametrize(
    "address", ["::", "::1", "fd00::1", "fe80::dead:beef", "2001:db8::", "::ffff:192.0.2.1", "[::1]:25"]
)  # fmt: skip
def test_an_address_stays_readable(address):
    assert clean(f"from {address} at") == f"from {address} at"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_command_of_the_runner_survives(name):
    for text in (f"::{name}::x", f"::{name.upper()} file=a::x", f":::{name}::", f"##[{name}]x"):
        assert commands(text) or text.startswith(":::")
        assert commands(clean(text)) == []


@given(ANY | MARKERS)
def test_the_result_is_one_line_without_a_command_and_can_be_written(text):
    shown = clean(text)

    shown.encode()
    assert len(shown.splitlines()) <= 1
    assert commands(shown) == []
    assert "##[" not in shown


@given(ANY | MARKERS)
def test_cleaning_what_is_clean_changes_nothing(text):
    once = clean(text)

    assert clean(once, len(once)) == once


@given(MARKERS, MARKERS)
def test_two_clean_texts_with_a_space_between_are_clean(one, two):
    shown = f"{clean(one)} {clean(two)}"

    assert clean(shown, len(shown)) == shown


def test_a_long_text_is_cut_and_says_by_how_much():
    assert clean("x" * LIMIT) == "x" * LIMIT
    assert clean("x" * (LIMIT + 7)) == "x" * LIMIT + "... (+7 characters)"
    assert clean("##[error]", 2) == "##... (+7 characters)"


def test_bytes_are_utf_8_where_they_can_be_and_else_one_character_each():
    assert clean_bytes("Zürich\n".encode()) == "Zürich\\x0a"
    assert clean_bytes(b"\xff\xfe\x9b!") == "ÿþ\\x9b!"


@given(st.binary(max_size=80))
def test_any_bytes_become_one_line(data):
    assert len(clean_bytes(data).splitlines()) <= 1
