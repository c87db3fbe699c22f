from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from mailtls.report.page.drawing import SHOWN, WIDTH, drawing
from report.ways import claimed, clear, hostile, way


def drawn(flow) -> ET.Element:
    return ET.fromstring(drawing(flow, "way-0").text)  # noqa: S314 - our own drawing


@pytest.mark.parametrize("flow", [way(), clear(), claimed(), hostile()], ids=range(4))
def test_a_drawing_is_well_formed_named_and_described(flow) -> None:
    svg = drawn(flow)
    title, description = svg.find("title"), svg.find("desc")
    assert title is not None
    assert description is not None
    assert svg.get("role") == "img"
    assert svg.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert description.text == " ".join(flow.words)
    assert {each.tag for each in svg.iter()} == {
        "svg",
        "title",
        "desc",
        "g",
        "rect",
        "text",
        "path",
    }
    assert len(svg.findall("g")) > len(flow.arrows)


@pytest.mark.parametrize("flow", [way(), hostile()], ids=range(2))
def test_everything_is_within_its_frame(flow) -> None:
    svg = drawn(flow)
    _, _, width, height = map(int, svg.get("viewBox", "").split())
    assert width == WIDTH
    boxes = [(int(each.get("y", 0)), int(each.get("height", 0))) for each in svg.iter("rect")]
    texts = [int(each.get("y", 0)) for each in svg.iter("text")]
    assert min(texts) > min(top for top, _ in boxes) >= 0
    assert max(texts) < max(top + size for top, size in boxes) <= height
    assert all(len(each.text or "") <= SHOWN for each in svg.iter("text"))


def classes(flow) -> list[str]:
    return [path.get("class", "") for path in drawn(flow).findall("path")]


def test_strokes_say_what_is_known_without_colour() -> None:
    assert {*classes(way())} == {"ok", "ok tip"}
    # A cross on the arrow in clear; a claimed arrow is dashed by its class.
    assert classes(clear()).count("fail tip") == 2
    assert "unknown" in classes(claimed())
    texts = [each.text for each in drawn(clear()).iter("text")]
    assert "in clear" in texts
    assert "recorded by a trusted host" in texts


def test_nothing_in_it_carries_a_style_of_its_own() -> None:
    """The page's security policy allows the one style sheet only."""
    assert all("style" not in each.attrib for each in drawn(way()).iter())


def test_a_sender_that_the_record_before_does_not_name_has_a_box_of_its_own() -> None:
    names = [group[1].text for group in drawn(claimed()).findall("g")]
    assert names == [
        "mailtls",
        "mail.example.org",
        "probe.example.com",
        "mail.example.org",
        "forged.example.net",
        "relay.example",
        "mx.example.net",
        "mx.example.net",
        "mailtls",
    ]
    texts = [each.text for each in drawn(claimed()).iter("text")]
    assert texts.count("another name for it, or a hop that nobody recorded") == 2
    assert len(drawn(way()).findall("g")) == len(way().arrows) + 1
