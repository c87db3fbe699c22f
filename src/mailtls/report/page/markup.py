"""HTML as values: text becomes markup in one place, escaped, and no other way."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass

from mailtls.pure import pure

_VOID = frozenset({"br", "hr", "input", "meta"})


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML that is finished: made by this module, or our own style and script."""

    text: str


Content = Markup | str
Attribute = str | int | bool


def element(name: str, /, *content: Content, **attributes: Attribute) -> Markup:
    """Return an element; strings in it are text. `class_` is class, `data_row` is data-row.

    An attribute that is True stands alone, one that is False is left out.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(content).text}</{name}>")


def join(parts: Iterable[Content], between: Content = "") -> Markup:
    """Return parts one after another."""
    return Markup(_text(between).join(map(_text, parts)))


def link(words: str, address: str) -> Markup:
    """Return a link to a page of the web, or the words alone where the address is no such page."""
    if not address.startswith("https://"):
        return element("span", words)
    return element("a", words, href=address, rel="noreferrer")


def code(text: str) -> Markup:
    """Return text as code."""
    return element("code", text)


def prose(text: str) -> Markup:
    """Return text in which what stands in a pair of backticks is code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return element("span", text)
    return join(code(each) if at % 2 else each for at, each in enumerate(pieces))


def facts(rows: Iterable[tuple[str, Content]]) -> Markup:
    """Return terms and what is said of each; a term without a word is left out."""
    pairs = (
        element("div", element("dt", term), element("dd", said))
        for term, said in rows
        if said not in ("", Markup(""))
    )
    return element("dl", *pairs, class_="facts")


def section(name: str, title: str, *content: Content) -> Markup:
    """Return a part of the page under its heading; `name` is its anchor."""
    heading = element("h2", title, id=f"{name}-title")
    return element("section", heading, *content, id=name, aria_labelledby=f"{name}-title")


def table(caption: str, heads: Iterable[str], rows: Iterable[Markup]) -> Markup:
    """Return a table of `row`s that can be sorted. Roles are said, for a narrow screen lays rows out as blocks."""
    cells = (element("th", head, scope="col", role="columnheader") for head in heads)
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *cells, role="row"), role="rowgroup"),
        element("tbody", *rows, role="rowgroup"),
        role="table",
        data_sort=True,
    )


@pure
class Cell:
    """A cell of a table: `order` is what it is sorted by instead of its text, `head` names its row."""

    content: tuple[Content, ...]
    order: int | str = ""
    head: bool = False


def cell(*content: Content, order: int | str = "", head: bool = False) -> Cell:
    """Return a cell with this content."""
    return Cell(content=content, order=order, head=head)


def row(heads: Iterable[str], cells: Iterable[Cell], *, state: str = "") -> Markup:
    """Return a row whose cells know their column's head; `state` is what the filter asks for."""
    made = (_cell(head, each) for head, each in zip(heads, cells, strict=True))
    return element("tr", *made, role="row", data_row="", data_state=state)


def _cell(head: str, each: Cell) -> Markup:
    order: Attribute = False if each.order == "" else each.order
    # In a box of its own: on a narrow screen the column's head stands beside it.
    inside = element("div", *each.content)
    if each.head:
        return element("th", inside, scope="row", role="rowheader", data_order=order)
    return element("td", inside, role="cell", data_head=head, data_order=order)


def _attribute(key: str, value: Attribute) -> str:
    name = key.rstrip("_").replace("_", "-")
    if isinstance(value, bool):
        return f" {name}" if value else ""
    return f' {name}="{escape(str(value))}"'


def _text(content: Content) -> str:
    return content.text if isinstance(content, Markup) else escape(content)


def escape(text: str) -> str:
    """Return text as it may stand in an element and in a quoted attribute."""
    return html.escape(text, quote=True)
