"""The way of a message as a drawing: hosts from top to bottom, an arrow for each hop between them."""

from __future__ import annotations

from collections.abc import Iterator

from mailtls.report.flow import label
from mailtls.report.model import Arrow, Flow, Mark
from mailtls.report.page.markup import Markup, element

WIDTH = 640
_BOX, _GAP, _INSET = 36, 52, 8
_STEP = _BOX + _GAP
_AXIS = 120
NAME_SHOWN = 60

_WORDS = {"seen": "seen by mailtls", "recorded": "recorded by a trusted host", "claimed": "claimed"}


def drawing(flow: Flow, name: str) -> Markup:
    """Return the drawing as SVG with a title and a description; `name` makes its anchors unique.

    Colours and strokes are classes of the page's style, so that it can be read in the dark and on paper;
    what an arrow stands for is written beside it, and said by its stroke too.
    """
    height = 2 * _INSET + _BOX + _STEP * len(flow.arrows)
    first = flow.arrows[0].sender if flow.arrows else ""
    return element(
        "svg",
        element("title", f"The way of {flow.name}", id=f"{name}-title"),
        element("desc", " ".join(flow.words), id=f"{name}-desc"),
        _host(first, 0),
        *(part for at, arrow in enumerate(flow.arrows) for part in _hop(arrow, at)),
        class_="way",
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def _hop(arrow: Arrow, at: int) -> Iterator[Markup]:
    """Yield an arrow and the host it leads to."""
    top = _INSET + _BOX + at * _STEP
    tip = top + _GAP - 2
    state = _state(arrow)
    yield element("path", d=f"M{_AXIS} {top + 2}V{tip}", class_=state)
    yield element(
        "path",
        d=f"M{_AXIS - 6} {tip - 9}L{_AXIS} {tip}L{_AXIS + 6} {tip - 9}",
        class_=f"{state} tip",
    )
    if arrow.mark is Mark.CLEAR:
        middle = top + _GAP // 2
        cross = f"M{_AXIS - 7} {middle - 7}l14 14m0 -14l-14 14"
        yield element("path", d=cross, class_=f"{state} tip")
    said = " ".join(part for part in (label(arrow), arrow.cipher) if part)
    yield element("text", said, x=_AXIS + 20, y=top + 22, class_=state)
    yield element("text", _WORDS[arrow.proof], x=_AXIS + 20, y=top + 40, class_="quiet")
    yield _host(arrow.receiver, at + 1)


def _host(name: str, at: int) -> Markup:
    top = _INSET + at * _STEP
    shown = name if len(name) <= NAME_SHOWN else f"{name[: NAME_SHOWN - 3]}..."
    return element(
        "g",
        element("rect", x=_INSET, y=top, width=WIDTH - 2 * _INSET, height=_BOX, rx=6),
        element("text", shown, x=_INSET + 12, y=top + 23),
    )


def _state(arrow: Arrow) -> str:
    if arrow.mark is Mark.CLEAR:
        return "fail" if arrow.proof != "claimed" else "unknown"
    return "ok" if arrow.proved else "unknown"
