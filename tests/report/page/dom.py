"""A page as a tree, so that a test can ask for what a reader sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"br", "hr", "input", "meta"}


@dataclass
class Node:
    """An element, with strings and elements in it."""

    name: str
    attributes: dict[str, str]
    inside: list[Node | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, white space as it is."""
        return "".join(each if isinstance(each, str) else each.text for each in self.inside)

    def all(self, name: str = "", **attributes: str) -> Iterator[Node]:
        """Yield the elements in it, in order, that have this name and these attributes."""
        for each in self.inside:
            if isinstance(each, Node):
                has = all(
                    each.attributes.get(k.rstrip("_").replace("_", "-")) == v
                    for k, v in attributes.items()
                )
                if has and name in ("", each.name):
                    yield each
                yield from each.all(name, **attributes)

    def one(self, name: str = "", **attributes: str) -> Node:
        """Return the only such element."""
        (found,) = self.all(name, **attributes)
        return found

    def said(self) -> dict[str, str]:
        """Return the terms of the lists in it and what is said of each."""
        terms = (each.text for each in self.all("dt"))
        return dict(zip(terms, (each.text for each in self.all("dd")), strict=True))

    def rows(self) -> list[list[str]]:
        """Return the texts of a table's body."""
        body = self.one("tbody")
        return [
            [cell.text for cell in row.all() if cell.name in ("td", "th")] for row in body.all("tr")
        ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Node("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)


def parse(text: str) -> Node:
    """Return the tree of a page or a part; every element has to be closed in order."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    (root,) = reader.open
    return root
