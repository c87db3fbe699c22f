"""YAML as text with positions; what makes a file mean something else is refused where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.errors import PolicyError
from mailtls.policy.document import (
    BYTE_LIMIT,
    DEPTH_LIMIT,
    NODE_LIMIT,
    parse,
)
from mailtls.policy.nodes import Items, Keys, Scalar


def problems(data: bytes) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        parse(data, "p.yml")
    return [f"{p.location.line}:{p.location.column}: {p.message}" for p in caught.value.problems]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ["1:1: the policy is empty"]),
        (b"---\n", ["1:1: the policy is empty"]),
        (b"# nothing\n", ["1:1: the policy is empty"]),
        (b"a: 1\na: 2\n", ["2:1: duplicate key 'a': it stands on line 1 already"]),
        (
            b"a: &x 1\nb: *x\n",
            [
                "1:4: an anchor (&x): write the value out",
                "2:4: an alias (*x): write the value out",
            ],
        ),
        (b"<<: {a: 1}\n", ["1:1: a merge key (<<): use defaults or extends"]),
        (b"a: !!int 3\n", ["1:4: a tag (tag:yaml.org,2002:int): values need none"]),
        (b"a: 1\n---\nb: 2\n", ["2:1: a second document: a policy is one document"]),
        (b"[a]: 1\n", ["1:1: a key that is not text"]),
        (
            b"a:\n\t- b\n",
            ["2:1: not valid YAML: a tab indents this line, and YAML takes spaces only"],
        ),
        (
            b"x:\n  - {host: a\n\n",
            ["2:5: not valid YAML: did not find expected ',' or '}' at the end of the file"],
        ),
        (
            b"x: [\n",
            ["1:5: not valid YAML: did not find expected node content at the end of the file"],
        ),
        ("# ö\u2028x: 1".encode(), ["1:4: the character U+2028 has no place in a policy"]),
        (b"x: 1\ry: 2", ["1:5: the character U+000D has no place in a policy"]),
        ("öö: \ufeff".encode(), ["1:5: the character U+FEFF has no place in a policy"]),
        (b"x: \xc2\x85", ["1:4: the character U+0085 has no place in a policy"]),
        ("# öö".encode() + b"\xff", ["1:5: byte 0xff is not UTF-8 text"]),
        (b"x: 1\r\nz: \x01", ["2:4: the character U+0001 has no place in a policy"]),
        (b"a: b: c\n", ["1:5: not valid YAML: mapping values are not allowed in this context"]),
        (b"a: \x00\n", ["1:4: the character U+0000 has no place in a policy"]),
        (b"ok: 1\nbad: \xff\n", ["2:6: byte 0xff is not UTF-8 text"]),
        (b"a" * (BYTE_LIMIT + 1), ["1:1: the file is larger than 256 KiB"]),
        (b"[" * 500, [f"1:{DEPTH_LIMIT + 1}: nested deeper than {DEPTH_LIMIT} levels"]),
        (b"{a: " * 500, [f"1:{4 * DEPTH_LIMIT - 2}: nested deeper than 12 levels"]),
    ],
)
def test_what_is_refused_is_told_where_it_stands(data, expected):
    assert problems(data) == expected


def test_too_many_values_are_refused():
    assert problems(b"[" + b"1," * (NODE_LIMIT + 1) + b"]")[0].endswith("more than 5000 values")


@pytest.mark.parametrize("text", ["no", "0587", "1:25", "4_65", "1.10", ".nan", "~", "9" * 5000])
def test_every_scalar_stays_its_text(text):
    node, _ = parse(f"a: {text}\n".encode(), "p.yml")

    assert isinstance(node, Keys)
    assert isinstance(node.entries["a"].value, Scalar)
    assert node.entries["a"].value.text == text


def test_a_byte_order_mark_is_no_part_of_the_text():
    node, lines = parse(b"\xef\xbb\xbfa: 1\n", "p.yml")

    assert isinstance(node, Keys)
    assert list(node.entries) == ["a"]
    assert lines == ("a: 1", "")


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(alphabet="a:-[]{},&*!|>'\"#%@ \n\t", max_size=80).map(str.encode),
    )
)
def test_any_bytes_are_a_tree_or_problems(data):
    try:
        result: object = parse(data, "p.yml")[0]
    except PolicyError as error:
        result = [problem.location.line for problem in error.problems]

    assert isinstance(result, Scalar | Items | Keys) or (result and min(result) >= 1)
