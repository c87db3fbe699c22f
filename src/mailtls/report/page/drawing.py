"""The way of a message as a drawing: hosts from top to bottom, an arrow for each hop between them."""

from __future__ import annotations

from collections.abc import Iterator

from mailtls.report.flow import label
from mailtls.report.model import Arrow, Flow, Mark
from mailtls.report.page.markup import Markup, element

WIDTH = 640
_BOX, _GAP, _INSET = 36, 52, 8
_STEP = _BOX + _GAP
_AXIS = 28
SHOWN = 60
"""Characters of a text in the drawing: what fits beside the axis; the words have all."""

_UNLINKED = "another name for it, or a hop that nobody recorded"

_WORDS = {"seen": "seen by mailtls", "recorded": "recorded by a trusted host", "claimed": "claimed"}


def drawing(flow: Flow, name: str) -> Markup:
    """Return the drawing as SVG with a title and a description; `name` makes its anchors unique.

    Colours and strokes are classes of the page's style, so that it can be read in the dark and on paper;
    what an arrow stands for is written beside it, and said by its stroke too.
    """
    parts, at = [_host(flow.arrows[0].sender, 0)], 0
    for before, arrow in zip((None, *flow.arrows), flow.arrows, strict=False):
        if before is not None and before.receiver.lower() != arrow.sender.lower():
            parts += [*_line("unknown", (_UNLINKED, ""), at), _host(arrow.sender, at + 1)]
            at += 1
        parts += [*_hop(arrow, at), _host(arrow.receiver, at + 1)]
        at += 1
    height = 2 * _INSET + _BOX + _STEP * at
    return element(
        "svg",
        element("title", f"The way of {flow.name}", id=f"{name}-title"),
        element("desc", " ".join(flow.words), id=f"{name}-desc"),
        *parts,
        class_="way",
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def _hop(arrow: Arrow, at: int) -> Iterator[Markup]:
    """Yield an arrow: its line, its tip, a cross where it is in clear, and what is known of it."""
    state = _state(arrow)
    said = " ".join(part for part in (label(arrow), arrow.cipher) if part)
    yield from _line(state, (said, _WORDS[arrow.proof]), at)
    tip = _INSET + _BOX + at * _STEP + _GAP - 2
    head = f"M{_AXIS - 6} {tip - 9}L{_AXIS} {tip}L{_AXIS + 6} {tip - 9}"
    yield element("path", d=head, class_=f"{state} tip")
    if arrow.mark is Mark.CLEAR:
        cross = f"M{_AXIS - 7} {tip - _GAP // 2 - 5}l14 14m0 -14l-14 14"
        yield element("path", d=cross, class_=f"{state} tip")


def _line(state: str, said: tuple[str, str], at: int) -> Iterator[Markup]:
    """Yield the line from one host to the next, and what is said beside it."""
    top = _INSET + _BOX + at * _STEP
    yield element("path", d=f"M{_AXIS} {top + 2}V{top + _GAP - 2}", class_=state)
    yield element("text", _cut(said[0]), x=_AXIS + 20, y=top + 22, class_=state)
    yield element("text", said[1], x=_AXIS + 20, y=top + 40, class_="quiet")


def _host(name: str, at: int) -> Markup:
    top = _INSET + at * _STEP
    return element(
        "g",
        element("rect", x=_INSET, y=top, width=WIDTH - 2 * _INSET, height=_BOX, rx=6),
        element("text", _cut(name), x=_INSET + 12, y=top + 23),
    )


def _state(arrow: Arrow) -> str:
    if arrow.mark is Mark.CLEAR:
        return "fail" if arrow.proof != "claimed" else "unknown"
    return "ok" if arrow.proved else "unknown"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
