"""Nothing invisible or commanding passes; what people read stays readable."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.sanitizer import LIMIT, clean, clean_bytes
from report.runner_oracle import COMMANDS, WHITE, commands

MARKERS = st.lists(
    st.sampled_from(
        ["#", "##", "[", "]", ":", "::", "error", "group", "\u200b", "\n", " ", "x", "\ud800"]
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    "text",
    [
        "220 mail.example ESMTP Postfix",
        "fd00::1",
        "::1",
        "::ffff:192.0.2.1",
        "CN=Müller GmbH,O=日本",
        r"a\b",
        "100 %",
        "fe80::dead:beef",
        "2001:db8:: and [::1]:25",
        "Ελλάδα, עברית, a\u0301, 🙂",
    ],
)
def test_ordinary_text_is_left_alone(text):
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\n::error::x", r"a\x0d\x0a:\x3aerror:\x3ax"),
        ("x ##[set-output name=verdict]pass", r"x ##\x5bset-output name=verdict]pass"),
        ("x ##vso[task.complete]", r"x ##vso\x5btask.complete]"),
        ("##TeamCity[x]", r"##TeamCity\x5bx]"),
        ("section_start:1:a", r"section_start\x3a1:a"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\u202egnp.exe", r"\u{202e}gnp.exe"),
        ("zero\u200bwidth", r"zero\u{200b}width"),
        ("\ud800", r"\u{d800}"),
        ("\u2028", r"\u{2028}"),
        ("::stop-commands::t", r":\x3astop-commands:\x3at"),
    ],
)
def test_the_dangerous_is_made_visible(text, shown):
    assert clean(text) == shown


@pytest.mark.parametrize("code", [*range(0x20), 0x7F, *range(0x80, 0xA0), *range(0xD800, 0xE000)])
def test_no_control_character_or_surrogate_passes(code):
    assert chr(code) not in clean(f"a{chr(code)}b")


def test_no_format_character_of_unicode_passes():
    formats = [
        chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) in ("Cf", "Zl", "Zp")
    ]

    assert len(formats) > 100
    assert not [hex(ord(char)) for char in formats if char in clean(char)]


def test_long_text_is_cut_and_says_so():
    assert clean("x" * (LIMIT + 7)) == "x" * LIMIT + "... (+7 characters)"
    assert clean("abcdef", 3) == "abc... (+3 characters)"


def test_bytes_are_utf8_where_they_can_be():
    assert clean_bytes("Müller".encode()) == "Müller"
    assert clean_bytes(b"M\xfcller\x00") == r"Müller\x00"


@given(st.text())
def test_cleaned_text_is_one_line_and_no_command(text):
    shown = clean(text)

    assert len(shown.splitlines()) <= 1
    assert commands(shown) == []
    assert commands(WHITE + shown) == []
    assert clean(shown, 10 * LIMIT) == shown


@pytest.mark.parametrize(
    "character",
    # Drawn as nothing but of other categories: joiner, fillers, variation selectors, noncharacters.
    ["\u034f", "\u115f", "\u17b4", "\u180b", "\u3164", "\ufe0f", "\uffa0", "\ufffe", "\U000e0100"],
)
def test_what_is_drawn_as_nothing_is_made_visible(character):
    assert clean(f"a{character}b") == f"a\\u{{{ord(character):x}}}b"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_command_of_the_runner_survives(name):
    for text in (f"::{name}::x", f"::{name.upper()} file=a::x", f"a ##[{name}]x"):
        assert len(commands(text)) == 1
        assert commands(clean(text)) == []


@given(MARKERS, MARKERS)
def test_nothing_is_put_together_from_parts(one, two):
    shown = f"{clean(one)} {clean(two)}"

    assert clean(shown) == shown
    assert "##[" not in shown
    assert commands(shown) == []


@given(st.binary(max_size=80))
def test_any_bytes_become_one_line_that_can_be_written(data):
    shown = clean_bytes(data)

    assert len(shown.encode().splitlines()) <= 1
