from __future__ import annotations

import pytest

from mailtls.delivery.clauses import DATE, take_apart


def test_clauses_and_comments() -> None:
    field = take_apart("from a.b (c [1]) (d (e) f) BY g with ESMTP (h) id i for <j>; 1 Jan (k)")
    assert field.words == {
        "from": "a.b",
        "by": "g",
        "with": "ESMTP",
        "id": "i",
        "for": "<j>",
        DATE: "1 Jan",
    }
    assert field.comments == (
        ("from", "c [1]"),
        ("from", "d (e) f"),
        ("with", "h"),
        (DATE, "k"),
    )
    assert field.word("by") == "g"
    assert field.word("via") == ""
    assert list(field.beside("with", DATE)) == ["h", "k"]


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("by a (x\\) by b) by c", "a by c"),
        ('by a "by b ; ( " x', 'a " by b ; ( " x'),
        ('by a (5" by b) with c', "a"),
        ("by a (open by b", "a"),
        ("by a ) x", "a x"),
        ("by a by b", "a by b"),
        ("a; by b; c", "b"),
        ("", ""),
    ],
)
def test_odd_texts(text: str, by: str) -> None:
    assert take_apart(text).words.get("by", "") == by


def test_the_date_is_behind_the_last_semicolon() -> None:
    assert take_apart("from a; by b with HTTP; 1 Jan").words[DATE] == "1 Jan"
    assert take_apart("from a (x; y) by b").words.get(DATE) is None
