"""Defaults and bases: what wins, and where it stands afterwards."""

from __future__ import annotations

from mailtls.policy.document import parse
from mailtls.policy.merge import apply_defaults, dotted, over
from mailtls.policy.nodes import Items, Keys, Node, Scalar


def tree(text: str) -> Node:
    return parse(text.encode(), "p.yml")[0]


def plain(node: Node) -> object:
    match node:
        case Scalar(text=text):
            return text
        case Items(items=items):
            return [plain(item) for item in items]
        case Keys(entries=entries):
            return {name: plain(entry.value) for name, entry in entries.items()}


def test_mappings_merge_and_everything_else_replaces():
    base = tree("{a: 1, b: {c: 2, d: 3}, l: [1, 2], s: {x: 1}}")
    own = tree("{a: 9, b: {c: 8}, l: [3], s: text}")

    assert plain(over(own, base)) == {
        "a": "9",
        "b": {"c": "8", "d": "3"},
        "l": ["3"],
        "s": "text",
    }


def test_defaults_lie_under_every_endpoint():
    root = tree(
        "defaults: {mode: starttls, name: no, host: no, tls: {min_version: 1.2}}\n"
        "endpoints:\n  - {host: a}\n  - {host: b, mode: implicit, tls: {versions: [1.3]}}\n  - text\n"
    )

    merged = plain(apply_defaults(root))

    assert isinstance(merged, dict)
    assert merged["endpoints"] == [
        {"mode": "starttls", "tls": {"min_version": "1.2"}, "host": "a"},
        {
            "mode": "implicit",
            "tls": {"min_version": "1.2", "versions": ["1.3"]},
            "host": "b",
        },
        "text",
    ]


def test_a_document_without_defaults_is_left_alone():
    for text in (
        "endpoints: [{host: a}]",
        "defaults: {mode: x}",
        "[a]",
        "endpoints: x\ndefaults: y",
    ):
        root = tree(text)
        assert apply_defaults(root) is root


def test_dotted_names_every_key():
    assert dotted(tree("{a: 1, tls: {min_version: 1, deep: {er: 1}}}")) == {
        "a",
        "tls",
        "tls.min_version",
        "tls.deep",
        "tls.deep.er",
    }
