"""One page: complete, closed to the world, and made of our own markup alone.

How it looks and works in a browser is tested in tests/browser.
"""

from __future__ import annotations

import base64
import hashlib
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from mailtls.evidence import Line
from mailtls.report import html
from mailtls.report.sources import EDITOR
from mailtls.terms import Outcome
from mailtls.verdict import Part, Proof, Standpoint
from report.page.dom import Node, parse
from report.reports import (
    NAMES,
    POISON,
    certificate,
    failure,
    hostile,
    mixed,
    report,
    unknown,
    verdict,
)


def page(made) -> Node:
    return parse(html.render(made)).one("html")


def policy(node: Node) -> dict[str, str]:
    (meta,) = node.all("meta", http_equiv="Content-Security-Policy")
    return dict(each.split(" ", 1) for each in meta.attributes["content"].split("; "))


def test_the_title_and_the_first_heading_are_the_verdict():
    node = page(mixed())

    assert node.attributes["lang"] == "en"
    assert node.one("head").one("title").text == (
        "mailtls fail: 2 failed, 2 could not be determined, 2 passed"
    )
    assert next(node.all("h1")).text.endswith("fail")


def test_its_policy_allows_its_own_style_and_script_and_nothing_else():
    node = page(mixed())

    def digest(name: str) -> str:
        found = hashlib.sha256(node.one(name).text.encode()).digest()
        return f"'sha256-{base64.b64encode(found).decode()}'"

    assert policy(node) == {
        "default-src": "'none'",
        "style-src": digest("style"),
        "script-src": digest("script"),
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_every_part_is_in_the_list_of_parts():
    node = page(mixed())
    links = [each.attributes["href"] for each in node.one("nav").all("a")]

    assert links == [f"#{each.attributes['id']}" for each in node.one("main").all("section")]
    assert links == [f"#{name}" for name, _, _ in html.SECTIONS]


def test_every_link_inside_leads_somewhere_and_no_anchor_stands_twice():
    for made in (mixed(), hostile()):
        ids = [each.attributes["id"] for each in page(made).all() if "id" in each.attributes]
        links = [each.attributes["href"] for each in page(made).all("a")]

        assert len(ids) == len(set(ids))
        assert {each[1:] for each in links if each.startswith("#")} <= set(ids)
        assert all(each.startswith(("#", "https://")) for each in links)


def test_it_asks_nobody_for_anything():
    for made in (mixed(), hostile(), report([verdict()])):
        for each in page(made).all():
            assert not {"src", "srcset", "style", "action", "data", "poster"} & set(each.attributes)
            assert not [name for name in each.attributes if name.startswith("on")]
    style = page(mixed()).one("style").text
    assert "url(" not in style
    assert "@import" not in style


def test_text_of_a_stranger_stays_text():
    node = page(hostile())

    assert len(list(node.all("script"))) == len(list(node.all("style"))) == 1
    assert "<script>alert(1)</script>" in node.one("main").text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", html.render(hostile()))


WORDS = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(["<", ">", "&", '"', "'", "`", "</style>", "</script>", "<!--", "-->", "]]>",
                         "<svg onload=x>", "&lt;", "javascript:", "\n", "\r", "https://x", "=", "{{x}}"]),
        max_size=6,
    ).map("".join),
)  # fmt: skip


@given(WORDS.map("x".__add__), WORDS.map("x".__add__))
@settings(max_examples=100, deadline=None)
def test_nothing_of_a_stranger_is_markup(one, two):
    assert _shape(_report(one.replace("`", "'"), two.replace("`", "'"))) == _shape(
        _report("x", "y")
    )


def _report(one: str, two: str):
    return report(
        [
            failure(message=one, observed=two, remedy=one, transcript=(Line(side="S", text=two),)),
            unknown(endpoint=NAMES[1], message=two, address=one, route=("endpoints", 1)),
            verdict(rule="mode", outcome=Outcome.WAIVED, message=one),
            verdict(rule="certificate-name", message=two),
        ],
        leaf=certificate(subject=one, dns_names=(two,), issuer=one, signature=two),
        shown=(Proof(part=Part.SUITE, standpoint=Standpoint.ACCEPTED, names=(one,), by=two),),
        title=one,
    )


def _shape(made) -> list[tuple[str, tuple[str, ...]]]:
    """Return all elements with the names of their attributes, but for sources that text may cite."""
    return [
        (each.name, tuple(each.attributes))
        for each in page(made).all()
        if not each.attributes.get("href", "").startswith(EDITOR)
    ]


def test_poison_is_shown_as_it_was_cleaned():
    assert POISON[:20] in page(hostile()).text
